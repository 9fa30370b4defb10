package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.artifacts.ClassResults;
import io.peregrine.events.EventCodec;
import io.peregrine.testkit.Golden;
import java.io.IOException;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("golden")
class PredictionsGoldenTest {
    private static final Offset<Double> CLOSE = within(1e-9);

    @Test
    void measuresEqualScikitLearn() throws IOException {
        JsonNode golden =
                EventCodec.json().readTree(Golden.file("metrics.json").toFile()).get("classification");
        int classes = golden.get("classes").intValue();
        Predictions predictions = new Predictions(classes);
        for (int i = 0; i < golden.get("truth").size(); i++) {
            predictions.add(
                    golden.get("truth").get(i).intValue(),
                    golden.get("predicted").get(i).intValue());
        }

        ClassResults measures = predictions.results();

        assertThat(measures.accuracy()).isCloseTo(golden.get("accuracy").doubleValue(), CLOSE);
        assertThat(measures.balancedAccuracy())
                .isCloseTo(golden.get("balanced_accuracy").doubleValue(), CLOSE);
        assertThat(measures.macroF1()).isCloseTo(golden.get("macro_f1").doubleValue(), CLOSE);
        for (int truth = 0; truth < classes; truth++) {
            // scikit-learn replaces an undefined share by 0 (zero_division); Peregrine leaves it undefined.
            assertThat(measures.truths(truth) == 0 ? 0 : measures.recall(truth))
                    .isCloseTo(golden.get("per_class").get(1).get(truth).doubleValue(), CLOSE);
            assertThat(measures.predictions(truth) == 0 ? 0 : measures.precision(truth))
                    .isCloseTo(golden.get("per_class").get(0).get(truth).doubleValue(), CLOSE);
        }
        long[][] confusion = new long[classes][classes];
        for (int cell = 0; cell < measures.cells(); cell++) {
            confusion[measures.truth(cell)][measures.predicted(cell)] = measures.count(cell);
        }
        assertThat(confusion)
                .isDeepEqualTo(EventCodec.json().treeToValue(golden.get("confusion_matrix"), long[][].class));
    }
}
