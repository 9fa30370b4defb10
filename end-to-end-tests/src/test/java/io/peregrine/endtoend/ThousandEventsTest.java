package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.Topics;
import io.peregrine.launcher.Service;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A thousand events, one in twenty of them invalid. Each valid event has its effect, each invalid one is
/// quarantined, and no service ends.
@Tag("slow")
class ThousandEventsTest {
    private static final int EVENTS = 1_000;
    private static final String LAST_RECORD = "the last record";
    private static final String SMALL = """
            {"image":{"side":16},"balance":{"strategy":"auto","neighbours":2},
             "classifier":{"preset":"seed-cnn","epochs":1,"batchSize":8},
             "autoencoder":{"preset":"seed-autoencoder","epochs":1,"batchSize":8,"latent":4}}""";

    @FunctionalInterface
    private interface Publisher {
        void publish() throws Exception;
    }

    @TempDir
    static Path folder;

    private static PeregrineFixture fixture;
    private static Path gallery;
    private static Path nowhere;

    @BeforeAll
    static void open() throws Exception {
        gallery = folder.resolve("roots/gallery");
        SyntheticPaintings.write(gallery, 16, 2, 8, 5);
        nowhere = folder.resolve("roots/nowhere");
        fixture = PeregrineFixture.open(folder.resolve("data"), folder.resolve("roots"));
    }

    @AfterAll
    static void close() throws Exception {
        fixture.close();
    }

    /// Ten kinds of invalid events, each with the reason in quarantine.
    private static Map<Publisher, String> bad() {
        Map<Publisher, String> bad = new LinkedHashMap<>();
        bad.put(() -> fixture.publishBytes(Topics.DATASETS, null), "NOT_AN_EVENT");
        bad.put(() -> bytes("\u0000\u0001 no event"), "NOT_AN_EVENT");
        bad.put(() -> bytes("{\"dataset\":\"one\"} {\"dataset\":\"two\"}"), "NOT_AN_EVENT");
        bad.put(() -> bytes("[{\"dataset\":\"listed\"}]"), "BAD_DATA");
        bad.put(() -> bytes("{\"dataset\":\" \",\"uri\":\"file:///\"}"), "BAD_DATA");
        bad.put(
                () -> bytes("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"hello\",\"data\":{}}"),
                "UNKNOWN_TYPE");
        bad.put(() -> binary("ce_specversion", "0.3"), "NOT_AN_EVENT");
        bad.put(() -> binary("ce_id", ""), "NOT_AN_EVENT");
        bad.put(() -> binary("ce_time", "yesterday"), "NOT_AN_EVENT");
        bad.put(() -> fixture.publish("good-0", nowhere, "{\"image\":{\"side\":24}}"), "EVENT_ID_CONFLICT");
        return bad;
    }

    private static void bytes(String value) throws Exception {
        fixture.publishBytes(Topics.DATASETS, value.getBytes(UTF_8));
    }

    private static void binary(String header, String value) throws Exception {
        fixture.publish("bad", nowhere, "{}", Map.of(header, value));
    }

    @Test
    void validEventsHaveTheirEffectAndInvalidOnesAreQuarantined() throws Exception {
        Map<Publisher, String> bad = bad();
        List<Publisher> ways = List.copyOf(bad.keySet());
        Map<String, Long> expected = new HashMap<>();
        Map<Service, String> processes = processes();
        long runsBefore = count("cluster", "select count(*) from run");
        List<String> missing = new ArrayList<>();
        List<String> real = new ArrayList<>();
        Random random = new Random(42);
        for (int twenty = 0; twenty < EVENTS / 20; twenty++) {
            // Not the first event, because one of the invalid events reuses its id.
            int badOne = 1 + random.nextInt(19);
            for (int n = 0; n < 20; n++) {
                String name = "good-" + (20 * twenty + n);
                if (n == badOne) {
                    Publisher way = ways.get(twenty % ways.size());
                    way.publish();
                    expected.merge(bad.get(way), 1L, Long::sum);
                } else if (n == 0 && twenty % 20 == 10) {
                    real.add(fixture.publish(name, gallery, SMALL));
                } else {
                    missing.add(fixture.publish(name, nowhere, "{}"));
                }
            }
        }
        assertThat(missing.size() + real.size()).isEqualTo(950);

        Listener listener = fixture.listener();
        Awaitility.await()
                .atMost(Duration.ofMinutes(5))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> missing.stream().allMatch(run -> listener.end(run).isPresent()));
        for (String run : missing) {
            assertThat(listener.of(run, RunFailed.class))
                    .singleElement()
                    .satisfies(failed -> assertThat(failed.reason()).isEqualTo("FOLDER_MISSING"));
        }
        for (String run : real) {
            assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);
        }
        Awaitility.await()
                .atMost(Duration.ofMinutes(1))
                .untilAsserted(() -> assertThat(count("cluster", "select count(*) from run") - runsBefore)
                        .isEqualTo(950));
        assertThat(expected.values().stream().mapToLong(Long::longValue).sum()).isEqualTo(50);
        for (Map.Entry<String, Long> kind : expected.entrySet()) {
            assertThat(count("ingest", quarantined(kind.getKey())))
                    .as(kind.getKey())
                    .isEqualTo(kind.getValue());
        }
        assertThat(processes()).as("no service was restarted").isEqualTo(processes);
    }

    @Test
    void anInvalidLastRecordIsQuarantinedOnceDespiteRestarts() throws Exception {
        long offset = fixture.publishBytes(Topics.DATASETS, LAST_RECORD.getBytes(UTF_8));
        String kept = "select count(*) from quarantine where topic = '%s' and kafka_offset = %d"
                .formatted(Topics.DATASETS, offset);
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> count("ingest", kept) == 1);

        for (int start = 1; start <= 3; start++) {
            String before = processes().get(Service.INGEST);
            fixture.kill("ingest");
            Awaitility.await("start " + start)
                    .atMost(Duration.ofMinutes(1))
                    .ignoreExceptions()
                    .until(() -> !processes().get(Service.INGEST).equals(before));
        }

        // Records after it are processed although the service has read it again.
        assertThat(fixture.awaitEnd(fixture.publish("after-the-last-record", nowhere, "{}")))
                .isInstanceOf(RunFailed.class);
        assertThat(count("ingest", kept)).isEqualTo(1);
    }

    /// @return start time of each service's process, from its metrics
    private static Map<Service, String> processes() throws Exception {
        Map<Service, String> began = new HashMap<>();
        for (Map.Entry<Service, String> address : fixture.addresses().entrySet()) {
            String metrics = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create(address.getValue() + "/q/metrics"))
                                    .build(),
                            BodyHandlers.ofString())
                    .body();
            began.put(
                    address.getKey(),
                    metrics.lines()
                            .filter(line -> line.startsWith("process_start_time_seconds"))
                            .findFirst()
                            .orElseThrow());
        }
        return began;
    }

    private static String quarantined(String kind) {
        return "select count(*) from quarantine where kind = '%s' and coalesce(bytes, '') <> '%s'::bytea"
                .formatted(kind, LAST_RECORD);
    }

    private static long count(String service, String query) throws SQLException {
        try (Connection database = fixture.database(service);
                Statement statement = database.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }
}
