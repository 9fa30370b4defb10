package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.Topics;
import io.peregrine.launcher.Service;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A broker that is killed, a broker that is unavailable for minutes, and a channel that has ended.
class OutageTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String SPEC = """
            {"image":{"side":8},"balance":{"strategy":"auto","neighbours":2},
             "classifier":{"preset":"seed-cnn","epochs":1,"batchSize":32},
             "autoencoder":{"preset":"seed-autoencoder","latent":4,"epochs":1,"batchSize":32}}""";

    @TempDir
    Path folder;

    @Test
    void aDeadBrokerAndAServiceWhoseChannelHasEndedAreStartedAgain() throws Exception {
        // A deserializer that fails ends its channel. The services do not have one; it stands for any other
        // cause.
        Map<String, String> environment = Map.of(
                "MP_MESSAGING_INCOMING_RUNS_VALUE_DESERIALIZER",
                "org.apache.kafka.common.serialization.IntegerDeserializer",
                "PEREGRINE_WORK_UNHEALTHY_EXIT",
                "3s");
        try (PeregrineFixture fixture = PeregrineFixture.open(folder.resolve("data"), folder, environment)) {
            fixture.broker().kill();
            Awaitility.await("the restart of the broker")
                    .atMost(PATIENCE)
                    .until(() -> fixture.broker().answers());
            assertThat(fixture.notices())
                    .singleElement()
                    .asString()
                    .startsWith("Kafka ended with exit status 137; restarting it");

            long before = fixture.pid("cluster");
            fixture.publishBytes(Topics.RUNS, "not four bytes".getBytes(UTF_8));
            HttpResponse<String> down = Awaitility.await("liveness DOWN")
                    .atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(100))
                    .ignoreExceptionsInstanceOf(IOException.class)
                    .until(
                            () -> fixture.request(Service.CLUSTER, "/q/health/live"),
                            answer -> answer.statusCode() == 503);
            assertThat(down.body()).contains("runs");
            Awaitility.await("the restart of the service")
                    .atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(fixture.notices())
                            .anyMatch(notice ->
                                    notice.startsWith("cluster-service ended with exit status 4; restarting it")));
            Awaitility.await("a new process").atMost(PATIENCE).until(() -> fixture.pid("cluster") != before);
        }
    }

    /// An outage of three minutes, from the first seconds after the start: longer than any timeout of Kafka's
    /// clients.
    @Test
    @Tag("slow")
    void anOutageOfThreeMinutesEndsNoChannel() throws Exception {
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 16, 6, 12, 8, 6);
        try (PeregrineFixture fixture = PeregrineFixture.open(folder.resolve("data"), folder)) {
            List<String> runs = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                runs.add(fixture.publish("outage-" + i, gallery, SPEC));
            }
            List<Long> processes = processes(fixture);
            fixture.broker().stop();

            TreeSet<Integer> liveness = new TreeSet<>();
            Awaitility.await("the end of the outage")
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofSeconds(5))
                    .during(Duration.ofMinutes(3))
                    .atMost(Duration.ofMinutes(4))
                    .until(() -> {
                        for (Service service : Service.values()) {
                            liveness.add(
                                    fixture.request(service, "/q/health/live").statusCode());
                        }
                        return true;
                    });
            assertThat(liveness).as("liveness while the broker was unavailable").containsExactly(200);

            fixture.broker().start();
            for (String run : runs) {
                assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);
            }
            assertThat(processes(fixture)).as("no service was restarted").isEqualTo(processes);
        }
    }

    private static List<Long> processes(PeregrineFixture fixture) {
        return Arrays.stream(Service.values())
                .map(service -> fixture.pid(service.word()))
                .toList();
    }
}
