package io.peregrine.cluster;

import static io.peregrine.cluster.RestClient.pages;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.ImageRef;
import io.peregrine.events.PipelineEvent.ImageRejected;
import io.peregrine.events.PipelineEvent.ImagesIngested;
import io.peregrine.events.PipelineEvent.RunAccepted;
import io.peregrine.events.RunRef;
import io.peregrine.events.Split;
import io.peregrine.testkit.KafkaFixture;
import io.peregrine.testkit.LocalPlatform;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

/// Any allowed name of a class or file passes unchanged through tables and responses.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "cluster"))
class AwkwardNamesTest {
    private static final List<String> NAMES = List.of(
            " leading and trailing ",
            "'single' \"double\" `back` \\ % ; -- & <b> ${x} {{y}}",
            "two\nlines\r\ttabs",
            "\u0001\u001b[31m\u007f",
            "\ud83c\udfa8 \ud83d\udc69\u200d\ud83c\udfa8",
            "\u00e9".repeat(127));

    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrap;

    @Test
    void imagesAreReturnedUnderTheirOwnNames() {
        String run = EventCodec.runId("/studio", "awkward names");
        RunRef ref = new RunRef(run, NAMES.get(1), new ArtifactRef("store:run/x.json", "0".repeat(64), 1));
        try (KafkaFixture kafka = new KafkaFixture(bootstrap)) {
            kafka.publish(new RunAccepted(ref, "file:///data/x"), "ingest-service", "");
            for (int i = 0; i < NAMES.size(); i++) {
                String name = NAMES.get(i);
                ArtifactRef pack = new ArtifactRef("store:pack/%d.safetensors".formatted(i), "1".repeat(64), 1);
                ImageRef image = new ImageRef(id(i, "kept"), 2L * i, name + "/" + name, "2".repeat(64), 0);
                kafka.publish(
                        new ImagesIngested(ref, name, Split.TRAIN, i, pack, List.of(image)),
                        "ingest-service",
                        "pack " + i);
                kafka.publish(
                        new ImageRejected(
                                ref,
                                id(i, "refused"),
                                2L * i + 1,
                                name,
                                Split.TEST,
                                name,
                                "3".repeat(64),
                                "NOT_AN_IMAGE",
                                name),
                        "ingest-service",
                        "refused " + i);
            }
            String images = "/api/v1/runs/" + run + "/images";
            await().atMost(Duration.ofSeconds(60))
                    .until(
                            () -> given().get(images + "?limit=100").jsonPath().getList("items"),
                            rows -> rows != null && rows.size() == 2 * NAMES.size());

            assertThat(pages(images + "?limit=5").stream().flatMap(page -> page.getList("items.label").stream()))
                    .containsExactlyElementsOf(NAMES.stream()
                            .flatMap(name -> List.of(name, name).stream())
                            .toList());
            for (String name : NAMES) {
                assertThat(given().queryParam("label", name)
                                .get(images)
                                .jsonPath()
                                .getList("items.path"))
                        .containsExactly(name + "/" + name, name);
            }
        }
    }

    private static String id(int i, String what) {
        return EventCodec.eventId("awkward", what, Integer.toString(i));
    }
}
