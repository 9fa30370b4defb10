package io.peregrine.cluster;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.startsWith;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.RunAccepted;
import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.WithKafka;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A missing confusion matrix is explained: the classifier is not tested yet, or there are no test images.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "cluster"))
class NoTestResultTest extends WithKafka {
    private static final List<String> CONFUSIONS = List.of("/confusion", "/charts/confusion.svg");

    @Inject
    ArtifactStore store;

    @Test
    void aRunThatIsNotTestedYetMayBeTestedLater() throws Exception {
        SyntheticRun played = new SyntheticRun(store, "not tested yet");
        String run = played.run.id();
        kafka.publish(played.events.stream()
                .filter(event -> event.data() instanceof RunAccepted)
                .toList());
        explains(run, "Run %s has no result on test images yet.".formatted(run));
    }

    @Test
    void aDatasetWithoutTestImagesIsNamed() throws Exception {
        SyntheticRun played = new SyntheticRun(store, "without test images");
        String run = played.run.id();
        kafka.publish(played.events.stream()
                .filter(event -> event.data() instanceof RunAccepted || event.data() instanceof DatasetSealed)
                .map(NoTestResultTest::withoutTestImages)
                .toList());
        explains(run, "The dataset of run %s has no test images, so its classifier was not tested.".formatted(run));
    }

    private static CloudEvent withoutTestImages(CloudEvent event) {
        if (!(event.data() instanceof DatasetSealed sealed)) {
            return event;
        }
        DatasetSealed changed = new DatasetSealed(
                sealed.run(),
                sealed.manifest(),
                sealed.classes(),
                sealed.images(),
                0,
                sealed.refused(),
                sealed.duplicatesAcrossSplits());
        return new CloudEvent(
                event.id(),
                event.source(),
                event.type(),
                event.time(),
                event.subject(),
                event.correlationId(),
                event.causationId(),
                changed);
    }

    private static void explains(String run, String detail) {
        for (String confusion : CONFUSIONS) {
            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> given().get("/api/v1/runs/" + run + confusion)
                            .then()
                            .statusCode(404)
                            .body("type", equalTo("/api/v1/problems/no-test-result"))
                            .body("detail", startsWith(detail)));
        }
    }
}
