package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.PipelineEvent.TestMeasures;
import org.junit.jupiter.api.Test;

class TestedTest {
    @Test
    void withoutTestImagesNothingIsPublished() {
        assertThat(Tested.NOTHING.measures(null)).isNull();
    }

    @Test
    void anAutoencoderHasOnlyALoss() {
        assertThat(new Tested(0.5, 7, null, null).measures(null))
                .isEqualTo(new TestMeasures(0.5, null, null, null, 7, null, null));
    }
}
