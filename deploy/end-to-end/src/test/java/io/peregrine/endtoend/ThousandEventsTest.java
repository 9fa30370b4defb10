package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.Topics;
import io.peregrine.local.Service;
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

/// A thousand events, one in twenty of them bad: each good one has its effect, each bad one is kept, and nobody
/// falls.
@Tag("slow")
class ThousandEventsTest {
    private static final int EVENTS = 1_000;
    private static final String LAST_WORD = "the last word";
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

    private static PeregrineFixture house;
    private static Path gallery;
    private static Path nowhere;

    @BeforeAll
    static void openTheHouse() throws Exception {
        gallery = folder.resolve("roots/gallery");
        SyntheticPaintings.write(gallery, 16, 2, 8, 5);
        nowhere = folder.resolve("roots/nowhere");
        house = PeregrineFixture.open(folder.resolve("data"), folder.resolve("roots"));
    }

    @AfterAll
    static void closeTheHouse() throws Exception {
        house.close();
    }

    /// Ten ways to be no event, with the name under which each is kept.
    private static Map<Publisher, String> bad() {
        Map<Publisher, String> bad = new LinkedHashMap<>();
        bad.put(() -> house.publishBytes(Topics.DATASETS, null), "NOT_AN_EVENT");
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
        bad.put(() -> house.publish("good-0", nowhere, "{\"image\":{\"side\":24}}"), "EVENT_ID_CONFLICT");
        return bad;
    }

    private static void bytes(String value) throws Exception {
        house.publishBytes(Topics.DATASETS, value.getBytes(UTF_8));
    }

    private static void binary(String header, String value) throws Exception {
        house.publish("bad", nowhere, "{}", Map.of(header, value));
    }

    @Test
    void eachGoodOneHasItsEffectAndEachBadOneIsKept() throws Exception {
        Map<Publisher, String> bad = bad();
        List<Publisher> ways = List.copyOf(bad.keySet());
        Map<String, Long> expected = new HashMap<>();
        Map<Service, String> processes = processes();
        long runsBefore = count("cluster", "select count(*) from run");
        List<String> missing = new ArrayList<>();
        List<String> real = new ArrayList<>();
        Random random = new Random(42);
        for (int twenty = 0; twenty < EVENTS / 20; twenty++) {
            // Never the very first: one of the bad ones repeats its id.
            int badOne = 1 + random.nextInt(19);
            for (int n = 0; n < 20; n++) {
                String name = "good-" + (20 * twenty + n);
                if (n == badOne) {
                    Publisher way = ways.get(twenty % ways.size());
                    way.publish();
                    expected.merge(bad.get(way), 1L, Long::sum);
                } else if (n == 0 && twenty % 20 == 10) {
                    real.add(house.publish(name, gallery, SMALL));
                } else {
                    missing.add(house.publish(name, nowhere, "{}"));
                }
            }
        }
        assertThat(missing.size() + real.size()).isEqualTo(950);

        Listener listener = house.listener();
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
            assertThat(house.awaitEnd(run)).isInstanceOf(RunCompleted.class);
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
        assertThat(processes()).as("nobody has started again").isEqualTo(processes);
    }

    @Test
    void aBadRecordThatLiesLastIsKeptOnceHoweverOftenTheServiceStarts() throws Exception {
        long offset = house.publishBytes(Topics.DATASETS, LAST_WORD.getBytes(UTF_8));
        String kept = "select count(*) from quarantine where topic = '%s' and kafka_offset = %d"
                .formatted(Topics.DATASETS, offset);
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> count("ingest", kept) == 1);

        for (int start = 1; start <= 3; start++) {
            String before = processes().get(Service.INGEST);
            house.kill("ingest");
            Awaitility.await("start " + start)
                    .atMost(Duration.ofMinutes(1))
                    .ignoreExceptions()
                    .until(() -> !processes().get(Service.INGEST).equals(before));
        }

        // What lies behind it is heard by who has read it again.
        assertThat(house.awaitEnd(house.publish("behind-the-last-word", nowhere, "{}")))
                .isInstanceOf(RunFailed.class);
        assertThat(count("ingest", kept)).isEqualTo(1);
    }

    /// @return when each service's process began, as its metrics tell
    private static Map<Service, String> processes() throws Exception {
        Map<Service, String> began = new HashMap<>();
        for (Map.Entry<Service, String> address : house.addresses().entrySet()) {
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
                .formatted(kind, LAST_WORD);
    }

    private static long count(String service, String query) throws SQLException {
        try (Connection database = house.database(service);
                Statement statement = database.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }
}
