package io.peregrine.endtoend.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.artifacts.store.SmallDisk;
import io.peregrine.endtoend.CommandLine;
import io.peregrine.endtoend.PeregrineFixture;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.Topics;
import io.peregrine.launcher.Service;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.TopicExistsException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/// Faults that are rare or take minutes, each while runs of tiny datasets are published. The expected result is
/// the same as in [ChaosTest]: every run produces the same bytes as without faults.
@Tag("slow")
class RareFaultsTest {
    private static final Duration DRAIN = Duration.ofMinutes(5);
    private static final Path FAKETIME = Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1");
    private static final long SEED = Long.getLong("peregrine.chaos.seed", 42);

    @FunctionalInterface
    private interface Disturbance {
        void happens(PeregrineFixture fixture) throws Exception;
    }

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    /// The clocks of broker, database, services and launcher jump together, like the clock of a machine.
    @Test
    void clocksThatJumpByAnHourForwardsAndBack() throws Exception {
        Assumptions.assumeTrue(
                Files.exists(FAKETIME), () -> "skipped: no " + FAKETIME + "; install the package faketime");
        Path clock = Files.writeString(folder.resolve("clock"), "+0");
        Path data = folder.resolve("data");
        Process launcher = CommandLine.start(
                folder.resolve("launcher.log"),
                Map.of(
                        "LD_PRELOAD", FAKETIME.toString(),
                        "FAKETIME_TIMESTAMP_FILE", clock.toString(),
                        "FAKETIME_CACHE_DURATION", "1",
                        "FAKETIME_DONT_FAKE_MONOTONIC", "1",
                        "JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1"),
                "up",
                "--foreground",
                "--ports",
                "free",
                "--root",
                folder.toString(),
                "--data",
                data.toString());
        try {
            Awaitility.await("everything is running")
                    .atMost(Duration.ofMinutes(3))
                    .until(() -> {
                        assertThat(launcher.isAlive())
                                .as(Files.readString(folder.resolve("launcher.log")))
                                .isTrue();
                        return Files.exists(data.resolve("peregrine.json"));
                    });
            try (PeregrineFixture fixture = PeregrineFixture.attach(data)) {
                disturb(fixture, any -> {
                    for (String jump : List.of("+3600", "+0", "-3600", "+0")) {
                        Files.writeString(clock, jump);
                        // Every process reads the file once a second.
                        TimeUnit.SECONDS.sleep(3);
                        System.out.printf("clocks at %s s: progress after %.1f s%n", jump, awaitProgress(fixture));
                        TimeUnit.SECONDS.sleep(10);
                    }
                });
            }
        } finally {
            launcher.destroy();
            launcher.onExit().join();
        }
    }

    @Test
    void twoInstancesOfEveryServiceOneOfEachPaused() throws Exception {
        try (PeregrineFixture fixture = PeregrineFixture.open(folder.resolve("data"), folder)) {
            disturb(fixture, any -> {
                FaultInjector injector = new FaultInjector(fixture);
                List<ProcessHandle> firsts = new ArrayList<>();
                List<ProcessHandle> seconds = new ArrayList<>();
                for (Service service : Service.values()) {
                    firsts.add(FaultInjector.process(fixture.pid(service.word())));
                    seconds.add(injector.replica(service.word()).toHandle());
                }
                for (List<ProcessHandle> paused : List.of(firsts, seconds, firsts)) {
                    FaultInjector.pause(paused, Duration.ofSeconds(15));
                    System.out.printf(
                            "four instances paused for 15 s: progress after %.1f s%n", awaitProgress(fixture));
                }
            });
        }
    }

    @Test
    void aDatabaseWithoutRoom() throws Exception {
        Path data = folder.resolve("data");
        try (SmallDisk disk = SmallDisk.mount(Files.createDirectories(data.resolve("postgres")), 400)) {
            try (PeregrineFixture fixture = PeregrineFixture.open(data, folder)) {
                disturb(fixture, any -> {
                    FaultInjector.fill(disk.folder().resolve("ballast"), Duration.ofSeconds(40));
                    System.out.printf("database disk full for 40 s: progress after %.1f s%n", awaitProgress(fixture));
                });
                System.out.println(fixture.notices());
            }
        }
    }

    /// Locks the table that each handler writes to, so every handler waits for longer than a connection's time
    /// limit.
    @Test
    void handlersThatTakeTwoMinutes() throws Exception {
        try (PeregrineFixture fixture = PeregrineFixture.open(folder.resolve("data"), folder)) {
            disturb(fixture, any -> {
                List<Long> processes = processes(fixture);
                try (Connection database = fixture.superuser("peregrine");
                        Statement sql = database.createStatement()) {
                    database.setAutoCommit(false);
                    for (Service service : Service.values()) {
                        sql.execute("lock table %s.inbox in access exclusive mode".formatted(service.word()));
                    }
                    for (int second = 0; second < 120; second += 5) {
                        TimeUnit.SECONDS.sleep(5);
                        for (Service service : Service.values()) {
                            assertThat(fixture.request(service, "/q/health/live")
                                            .statusCode())
                                    .as("liveness of %s", service)
                                    .isEqualTo(200);
                        }
                    }
                    database.rollback();
                }
                System.out.printf("handlers blocked for 120 s: progress after %.1f s%n", awaitProgress(fixture));
                assertThat(processes(fixture)).as("no service was restarted").isEqualTo(processes);
            });
        }
    }

    @Test
    void tenThousandRecordsThatAreNoEvents() throws Exception {
        try (PeregrineFixture fixture = PeregrineFixture.open(folder.resolve("data"), folder)) {
            disturb(fixture, any -> {
                Random random = new Random(SEED);
                List<String> topics = List.copyOf(Topics.partitions().keySet());
                long start = System.nanoTime();
                for (int i = 0; i < 10_000; i++) {
                    fixture.publishBytes(topics.get(i % topics.size()), garbage(random));
                }
                double published = (System.nanoTime() - start) / 1e9;
                System.out.printf(
                        "10,000 records of garbage, published in %.1f s: progress after %.1f s%n",
                        published, awaitProgress(fixture));
            });
        }
    }

    private static byte[] garbage(Random random) {
        byte[] bytes = new byte[random.nextInt(2_000)];
        random.nextBytes(bytes);
        return switch (random.nextInt(6)) {
            case 0 -> null;
            case 1 -> "[".repeat(1 + random.nextInt(5_000)).getBytes();
            case 2 ->
                "{\"specversion\":\"1.0\",\"id\":\"%d\",\"source\":\"/s\",\"type\":\"hello\",\"data\":{}}"
                        .formatted(random.nextInt())
                        .getBytes();
            case 3 -> "{\"dataset\":%d,\"uri\":[]}".formatted(random.nextInt()).getBytes();
            default -> bytes;
        };
    }

    /// No events are in transit, so the deletion of a topic loses no event that a service still needs.
    @Test
    void topicsThatAreDeletedAndMadeAnewBetweenRuns() throws Exception {
        try (PeregrineFixture fixture = PeregrineFixture.open(folder.resolve("data"), folder);
                SteadyRuns runs = new SteadyRuns(fixture, folder.resolve("datasets"), SEED)) {
            runs.measure();
            List<Long> processes = processes(fixture);
            for (String topic : Topics.partitions().keySet()) {
                recreate(fixture, topic);
                String run = runs.publishOneMore(topic);
                assertThat(fixture.awaitEnd(run, DRAIN)).as("after %s", topic).isInstanceOf(RunCompleted.class);
            }
            assertThat(runs.differences()).isEmpty();
            assertThat(processes(fixture)).as("no service was restarted").isEqualTo(processes);
        }
    }

    private static void recreate(PeregrineFixture fixture, String topic) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", fixture.kafka()))) {
            admin.deleteTopics(List.of(topic)).all().get();
            NewTopic recreated = new NewTopic(topic, Topics.partitions().get(topic), (short) 1);
            Awaitility.await(topic).atMost(Duration.ofMinutes(1)).until(() -> {
                try {
                    admin.createTopics(List.of(recreated)).all().get();
                    return true;
                } catch (java.util.concurrent.ExecutionException e) {
                    return !(e.getCause() instanceof TopicExistsException);
                }
            });
        }
    }

    private void disturb(PeregrineFixture fixture, Disturbance disturbance) throws Exception {
        try (SteadyRuns runs = new SteadyRuns(fixture, folder.resolve("datasets"), SEED)) {
            runs.measure();
            runs.begin();
            Awaitility.await("runs").atMost(Duration.ofMinutes(1)).until(() -> runs.published() >= 5);
            disturbance.happens(fixture);
            assertThat(runs.stop(DRAIN)).as("runs that have not ended").isEmpty();
            assertThat(fixture.awaitEnd(runs.publishOneMore("afterwards"))).isInstanceOf(RunCompleted.class);
            Aftermath.Findings findings = Aftermath.of(fixture);
            assertThat(findings.wrong()).isEmpty();
            assertThat(runs.differences()).isEmpty();
            System.out.printf("%d runs ended with the expected results; %s%n", runs.published(), findings);
        }
    }

    /// Waits until every service has received another event, and another job was completed. It counts rows,
    /// because clocks may be wrong.
    ///
    /// @return seconds
    private static double awaitProgress(PeregrineFixture fixture) {
        long start = System.nanoTime();
        Map<String, Long> before = new HashMap<>();
        Awaitility.await("progress")
                .atMost(Recovery.LONGEST)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(100))
                .ignoreExceptions()
                .until(() -> {
                    Map<String, Long> now = counts(fixture);
                    if (before.isEmpty()) {
                        before.putAll(now);
                    }
                    return now.entrySet().stream().allMatch(count -> count.getValue() > before.get(count.getKey()));
                });
        return (System.nanoTime() - start) / 1e9;
    }

    private static Map<String, Long> counts(PeregrineFixture fixture) throws Exception {
        Map<String, Long> counts = new HashMap<>();
        try (Connection database = fixture.superuser("peregrine");
                Statement sql = database.createStatement()) {
            long done = 0;
            for (Service service : Service.values()) {
                try (var row = sql.executeQuery(
                        "select (select count(*) from %1$s.inbox), (select count(*) from %1$s.job where state = 'done')"
                                .formatted(service.word()))) {
                    row.next();
                    counts.put(service.word(), row.getLong(1));
                    done += row.getLong(2);
                }
            }
            counts.put("jobs", done);
        }
        return counts;
    }

    private static List<Long> processes(PeregrineFixture fixture) {
        return Arrays.stream(Service.values())
                .map(service -> fixture.pid(service.word()))
                .toList();
    }
}
