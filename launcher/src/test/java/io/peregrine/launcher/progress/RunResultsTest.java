package io.peregrine.launcher.progress;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.EventCodec;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Results of a run that has ended, as shown to users and programs, from cluster-service's answers.
class RunResultsTest {
    private static final String RUN = "ab".repeat(16);

    private static JsonNode json(String text) throws JsonProcessingException {
        return EventCodec.json().readTree(text);
    }

    private static RunResults completed() throws JsonProcessingException {
        JsonNode details = json("""
                {"run": "%s", "state": "completed", "images": 48, "refused": 1,
                 "classes": [{"name": "Baroque", "before": 30, "after": 30, "synthetic": 0, "dropped": 0, "test": 4},
                             {"name": "Cubism", "before": 12, "after": 30, "synthetic": 20, "dropped": 2, "test": 4}],
                 "classifier": {"epochs": 9, "history": [{"epoch": 1, "last": false}, {"epoch": 2, "last": true}, {"epoch": 3, "last": false}],
                   "test": {"loss": 0.5, "accuracy": 0.75, "balancedAccuracy": 0.625, "macroF1": 0.6, "recall": [1.0, 0.25]}},
                 "seconds": {"cluster": 4.0, "ingest": 4.0, "balance": 2.0, "train": 10.0, "total": 20.0}}""".formatted(RUN));
        return new RunResults(details, RunResults.list(details.path("classes")), RunResults.list(json("""
                        [{"index": 0, "name": "Baroque", "size": 33, "purity": 0.9},
                         {"index": 1, "name": "Cubism", "size": 15, "purity": 0.8}]""")));
    }

    @Test
    void aComparisonGetsRowsClassesAndMeasures() throws JsonProcessingException {
        RunResults results = completed();
        assertThat(results.rows()).isEqualTo(60);
        assertThat(results.trainingImages()).containsExactly(30L, 12L);
        assertThat(results.lastEpoch()).isEqualTo(2);
        assertThat(results.test().orElseThrow().recall()).containsExactly(1.0, 0.25);
        assertThat(results.test().orElseThrow().images()).containsExactly(4L, 4L);
    }

    @Test
    void theJsonObjectHasEveryDocumentedField() throws JsonProcessingException {
        assertThat(json(new Summary(completed()).json())).isEqualTo(json("""
                {"run": "%s", "images": 48, "refused": 1,
                 "classes": [{"name": "Baroque", "before": 30, "after": 30}, {"name": "Cubism", "before": 12, "after": 30}],
                 "accuracy": 0.75, "balancedAccuracy": 0.625,
                 "clusters": [{"name": "Baroque", "size": 33, "purity": 0.9}, {"name": "Cubism", "size": 15, "purity": 0.8}],
                 "seconds": {"ingest": 4.0, "balance": 2.0, "train": 10.0, "cluster": 4.0}}""".formatted(RUN)));
    }

    @Test
    void thePageShowsClassesAccuracyClustersTimesAndAddresses() throws JsonProcessingException {
        String page = String.join("\n", new Summary(completed()).lines(Path.of("/data"), "http://here", true));
        assertThat(page)
                .containsPattern("Cubism +12 → 30 +▓{10}░{20}")
                .contains("accuracy 0.750, balanced accuracy 0.625")
                .containsPattern("1 +Cubism +15 images, purity 0.80")
                .contains("ingest 4.0 s  balance 2.0 s  train 10.0 s  cluster 4.0 s")
                .contains("Data and logs: /data")
                .contains("curl http://here/api/v1/runs/" + RUN + "/clusters");
    }

    @Test
    void whatWasNotMeasuredIsNotReportedAsZero() throws JsonProcessingException {
        RunResults results = new RunResults(
                json("{\"run\": \"%s\", \"state\": \"completed\", \"testImages\": 0, \"classifier\": {\"epochs\": 1}}"
                        .formatted(RUN)),
                List.of(),
                RunResults.list(json("[{\"index\": 0, \"name\": \"empty 1\", \"size\": 0}]")));
        assertThat(results.test()).isEmpty();
        JsonNode object = json(new Summary(results).json());
        assertThat(object.has("clusters")).isTrue();
        assertThat(object.has("accuracy") || object.has("balancedAccuracy")).isFalse();
        assertThat(object.at("/clusters/0").has("purity")).isFalse();
        assertThat(String.join("\n", new Summary(results).lines(Path.of("/data"), "http://here", true)))
                .contains("no test images, so nothing was measured")
                .containsPattern("0 +empty 1 +0 images\n")
                .doesNotContain("accuracy 0.000");
    }

    @Test
    void aClassWithoutTestImagesHasNoRecall() throws JsonProcessingException {
        RunResults results = new RunResults(json("""
                {"run": "%s", "state": "completed", "classifier": {"test": {"loss": 0.5, "recall": [null, 0.25]}}}""".formatted(RUN)), List.of(), List.of());
        assertThat(results.test().orElseThrow().recall()).containsExactly(null, 0.25);
    }

    @Test
    void theEffectOfBalancingIsShownForEnlargedAndOtherClasses() throws JsonProcessingException {
        RunResults without =
                new RunResults(json("""
                {"run": "%s", "state": "completed", "classifier": {"test":
                 {"loss": 0.7, "accuracy": 0.7, "balancedAccuracy": 0.5, "macroF1": 0.5, "recall": [1.0, 0.0]}}}""".formatted("cd".repeat(16))), completed().classes(), List.of());
        BalancingEffect effect = new BalancingEffect(completed(), without);
        assertThat(String.join("\n", effect.lines()))
                .containsPattern("Cubism, 12 images +0.000 +0.250")
                .containsPattern("mean of the 1 classes that were enlarged +0.000 +0.250")
                .containsPattern("mean of the 1 others +1.000 +1.000")
                .containsPattern("Balanced accuracy +0.500 +0.625");
        assertThat(effect.json().path("recallOfEnlargedClasses").asDouble(-1)).isZero();
    }

    @Test
    void withoutBalancingTheClassifierTakesAsManySteps() throws JsonProcessingException {
        // 4 epochs of 60 rows, 8 in a batch, are 32 steps; 42 rows are 6 batches.
        JsonNode spec = BalancingEffect.specWithoutBalancing((ObjectNode) json("""
                {"dataset": "x", "uri": "file:///x", "balance": {"strategy": {"atLeast": 30}}, "classifier": {"epochs": 4, "batchSize": 8}}"""), "atLeast:30", List.of(30L, 12L));
        assertThat(spec.at("/balance/strategy").asText()).isEqualTo("none");
        assertThat(spec.at("/classifier/epochs").asInt()).isEqualTo(5);
    }

    @Test
    void reportsWhyARunIsNotCompleted() throws JsonProcessingException {
        RunResults failed = new RunResults(json("""
                {"state": "failed", "failure": {"stage": "ingest", "kind": "input", "reason": "BAD_SPEC", "detail": "two errors",
                  "errors": [{"field": "image.side", "problem": "too small", "found": "1", "remedy": "use 8 or more"}]}}"""), List.of(), List.of());
        assertThat(failed.isCompleted()).isFalse();
        assertThat(failed.why())
                .isEqualTo(
                        "The run failed in ingest, BAD_SPEC: two errors\n  image.side: too small (found 1); use 8 or more");
        assertThat(new RunResults(
                                json("{\"state\": \"cancelled\", \"cancelled\": \"wrong folder\"}"),
                                List.of(),
                                List.of())
                        .why())
                .isEqualTo("The run was cancelled: wrong folder");
    }
}
