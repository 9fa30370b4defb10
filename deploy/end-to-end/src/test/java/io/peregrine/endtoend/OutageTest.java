package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.Topics;
import io.peregrine.local.Service;
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

/// A broker that dies, one that is away for long, and a channel that has ended.
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
        // A deserializer that fails ends its channel. No service of ours has such a one, and any other cause is
        // as good.
        Map<String, String> environment = Map.of(
                "MP_MESSAGING_INCOMING_RUNS_VALUE_DESERIALIZER",
                "org.apache.kafka.common.serialization.IntegerDeserializer",
                "PEREGRINE_WORK_UNHEALTHY_EXIT",
                "3s");
        try (PeregrineFixture house = PeregrineFixture.open(folder.resolve("data"), folder, environment)) {
            house.broker().kill();
            Awaitility.await("the broker, started again")
                    .atMost(PATIENCE)
                    .until(() -> house.broker().answers());
            assertThat(house.notices())
                    .singleElement()
                    .asString()
                    .startsWith("Kafka ended with exit status 137; restarting it");

            long before = house.pid("cluster");
            house.publishBytes(Topics.RUNS, "not four bytes".getBytes(UTF_8));
            HttpResponse<String> down = Awaitility.await("liveness DOWN")
                    .atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(100))
                    .ignoreExceptionsInstanceOf(IOException.class)
                    .until(() -> house.ask(Service.CLUSTER, "/q/health/live"), answer -> answer.statusCode() == 503);
            assertThat(down.body()).contains("runs");
            Awaitility.await("the end of the process")
                    .atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(house.notices())
                            .anyMatch(notice -> notice.startsWith(
                                    "cluster-service ended with exit status 4; restarting it")));
            Awaitility.await("another process").atMost(PATIENCE).until(() -> house.pid("cluster") != before);
        }
    }

    /// Three minutes, from the first seconds of the services' lives: longer than any timeout of Kafka's clients.
    @Test
    @Tag("slow")
    void anOutageOfThreeMinutesEndsNoChannel() throws Exception {
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 16, 6, 12, 8, 6);
        try (PeregrineFixture house = PeregrineFixture.open(folder.resolve("data"), folder)) {
            List<String> runs = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                runs.add(house.publish("outage-" + i, gallery, SPEC));
            }
            List<Long> processes = processes(house);
            house.broker().stop();

            TreeSet<Integer> liveness = new TreeSet<>();
            Awaitility.await("the end of the outage")
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofSeconds(5))
                    .during(Duration.ofMinutes(3))
                    .atMost(Duration.ofMinutes(4))
                    .until(() -> {
                        for (Service service : Service.values()) {
                            liveness.add(house.ask(service, "/q/health/live").statusCode());
                        }
                        return true;
                    });
            assertThat(liveness).as("liveness while the broker was away").containsExactly(200);

            house.broker().start();
            for (String run : runs) {
                assertThat(house.awaitEnd(run)).isInstanceOf(RunCompleted.class);
            }
            assertThat(processes(house))
                    .as("no service had to be started again")
                    .isEqualTo(processes);
        }
    }

    private static List<Long> processes(PeregrineFixture house) {
        return Arrays.stream(Service.values())
                .map(service -> house.pid(service.word()))
                .toList();
    }
}
