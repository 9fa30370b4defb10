package io.peregrine.work.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.PipelineEvent.ShardWritten;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Ownership of jobs: claims, expired leases and fencing tokens.
class LeaseTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    private static WorkFixture work;

    @BeforeAll
    static void start() {
        work = WorkFixture.start();
    }

    @AfterAll
    static void stop() {
        work.close();
    }

    @BeforeEach
    void clear() {
        work.clear();
    }

    @Test
    void aProcessThatWasPausedPastItsLeasePublishesNothing(@TempDir Path folder) throws Exception {
        RunRef run = WorkFixture.run("paused");
        work.add(run, "slow", "only");
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        PausedWorker.class.getName(),
                        work.postgres.url(),
                        folder.toString())
                .redirectErrorStream(true);
        builder.environment().put("PGPASSWORD", work.postgres.password("ingest"));
        Process paused = builder.start();
        var lines = paused.inputReader();
        try {
            String line = lines.readLine();
            while (line != null && !line.equals("working")) {
                line = lines.readLine();
            }
            assertThat(line).isEqualTo("working");
            signal(paused, "-STOP");

            AtomicInteger fence = new AtomicInteger();
            try (Worker awake = work.worker("awake", LONG, "slow", job -> {
                fence.set((int) job.job().fence());
                job.complete(tx -> tx.publish(WorkFixture.shard(run, 1), "from the awake one"));
            })) {
                awake.start(1);
                await().atMost(LONG).until(() -> work.count("select count(*) from job where state = 'done'") == 1);
            }
            assertThat(fence).hasValue(2);

            signal(paused, "-CONT");
            line = lines.readLine();
            while (line != null && !line.startsWith("stopped")) {
                line = lines.readLine();
            }
            assertThat(line).isEqualTo("stopped LEASE_LOST");
        } finally {
            paused.destroyForcibly().onExit().join();
        }
        assertThat(work.strings("select id from outbox"))
                .containsExactly(EventCodec.eventId(run.id(), "io.peregrine.shard.written.v1", "from the awake one"));
    }

    private static void signal(Process process, String signal) throws Exception {
        new ProcessBuilder("kill", signal, Long.toString(process.pid())).start().waitFor();
    }

    /// A process with a worker that runs one long job.
    static final class PausedWorker {
        public static void main(String[] arguments) throws Exception {
            org.postgresql.ds.PGSimpleDataSource source = new org.postgresql.ds.PGSimpleDataSource();
            source.setUrl(arguments[0]);
            source.setUser("ingest");
            source.setPassword(System.getenv("PGPASSWORD"));
            CountDownLatch over = new CountDownLatch(1);
            Worker worker = new Worker(
                    new Database(source),
                    "paused",
                    Stage.BALANCE,
                    Duration.ofMillis(800),
                    new JobArtifacts(new FileStore(Path.of(arguments[1])), WorkFixture.KINDS),
                    List.of(WorkFixture.handler("slow", job -> {
                        System.out.println("working");
                        try {
                            WorkFixture.workUntilStopped(job);
                        } catch (JobStoppedException stopped) {
                            System.out.println("stopped " + stopped.reason());
                            over.countDown();
                            throw stopped;
                        }
                    })));
            worker.start(1);
            over.await();
            worker.close();
        }
    }

    @Test
    void aJobOfAnEndedRunWhoseWorkerDiedIsCancelled() {
        RunRef ended = WorkFixture.run("ended");
        RunRef goesOn = WorkFixture.run("goes on");
        work.add(ended, "tile", "1");
        work.add(goesOn, "tile", "1");
        Jobs dying = work.jobs("dying", Duration.ofMillis(500), "tile");
        Jobs.Claim left = dying.claim().orElseThrow();
        assertThat(dying.claim()).isPresent();
        work.database.useTransaction(null, tx -> tx.publish(new RunCompleted(ended), "end"));
        await().atMost(LONG).until(() -> work.count("select count(*) from job where lease_until < now()") == 2);

        Jobs others = work.jobs("another", LONG, "tile");
        others.cancelAbandoned();
        assertThat(work.strings("select state from job order by id")).containsExactly("cancelled", "running");
        // If its worker was only paused, it learns that the run has ended.
        JobContext paused = work.context(left);
        assertThatThrownBy(() -> paused.complete(tx -> {})).isInstanceOf(JobStoppedException.class);
        assertThat(others.claim().orElseThrow().job().run()).isEqualTo(goesOn);
    }

    @Test
    void aStaleClaimCanNeitherCheckpointNorCompleteNorReferenceNorPublishAnything() {
        RunRef run = WorkFixture.run("stale");
        work.add(run, "tile", "1");
        Jobs first = work.jobs("first", Duration.ofMillis(1), "tile");
        Jobs second = work.jobs("second", LONG, "tile");
        JobContext stale = work.claim(first);
        await().atMost(LONG).until(() -> work.count("select count(*) from job where lease_until < now()") == 1);
        JobContext fresh = work.claim(second);

        assertThat(fresh.job().fence()).isGreaterThan(stale.job().fence());
        assertThatThrownBy(() -> stale.checkpoint(new byte[] {1}, tx -> tx.publish(WorkFixture.shard(run, 1), "stale")))
                .isInstanceOf(JobStoppedException.class);
        assertThatThrownBy(() -> stale.complete(tx -> tx.publish(WorkFixture.shard(run, 1), "stale")))
                .isInstanceOf(JobStoppedException.class);
        assertThatThrownBy(() -> stale.reference(WorkFixture.REF)).isInstanceOf(JobStoppedException.class);
        assertThatThrownBy(() -> stale.publish("note", "txt", new byte[] {1})).isInstanceOf(JobStoppedException.class);
        assertThat(work.stored("note")).isEmpty();
        assertThat(work.count("select count(*) from needed")).isZero();
        fresh.reference(WorkFixture.REF);
        fresh.complete(tx -> tx.publish(WorkFixture.shard(run, 2), "fresh"));
        assertThat(work.count("select count(*) from outbox")).isEqualTo(1);
    }

    @Test
    void aJobResumesAfterACrashFollowingClaimCheckpointOrArtifact() {
        RunRef run = WorkFixture.run("crashing");
        work.add(run, "shard", "0");
        // Each claim dies one step later than the previous one. A dead process just stops, and its lease expires.
        Jobs dying = work.jobs("dying", Duration.ofMillis(1), "shard");

        assertThat(dying.claim()).isPresent();
        awaitExpiry();

        JobContext saved = work.claim(dying);
        saved.checkpoint("half".getBytes(), tx -> tx.publish(WorkFixture.shard(run, 0), "half"));
        awaitExpiry();

        JobContext published = work.claim(dying);
        assertThat(published.job().state()).asString().isEqualTo("half");
        assertThat(published.job().attempt()).isEqualTo(2);
        ArtifactRef first = published.publish("shard", "txt", "the same bytes".getBytes());
        awaitExpiry();

        try (Worker worker = work.worker("last", LONG, "shard", job -> {
            assertThat(job.job().state()).asString().isEqualTo("half");
            ArtifactRef again = job.publish("shard", "txt", "the same bytes".getBytes());
            assertThat(again).isEqualTo(first);
            job.complete(tx -> {
                tx.publish(WorkFixture.shard(run, 0), "half");
                tx.publish(new ShardWritten(run, 1, 2, again, 14), "1");
            });
        })) {
            worker.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state = 'done'") == 1);
        }
        assertThat(work.count("select count(*) from outbox")).isEqualTo(2);
        assertThat(work.strings("select distinct cause from outbox")).containsExactly("the-cause");
    }

    private static void awaitExpiry() {
        await().atMost(LONG)
                .pollInterval(Duration.ofMillis(5))
                .until(() ->
                        work.count("select count(*) from job where state = 'running' and lease_until < now()") == 1);
    }

    @Test
    void nobodyWaitsUntilAClockThatWasPutBackHasCaughtUp() {
        work.add(WorkFixture.run("queued"), "tile", "1");
        Jobs jobs = work.jobs("one", LONG, "tile");
        forward("not_before = now() + interval '30 seconds'");
        assertThat(jobs.claim()).as("a pause").isEmpty();
        forward("not_before = now() + interval '1 hour'");
        assertThat(jobs.claim()).isPresent();

        assertThat(jobs.claim()).as("a lease").isEmpty();
        forward("lease_until = now() + interval '1 hour'");
        assertThat(jobs.claim()).isPresent();
    }

    private void forward(String change) {
        work.database.jdbi().useHandle(sql -> sql.execute("update job set " + change));
    }

    @Test
    void fiveCrashesInTheSamePieceOfWorkLoseNothing() {
        RunRef run = WorkFixture.run("preempted");
        work.add(run, "shard", "0");
        Jobs dying = work.jobs("dying", Duration.ofMillis(1), "shard");
        for (int i = 0; i < 5; i++) {
            assertThat(dying.claim()).isPresent();
            awaitExpiry();
        }
        try (Worker worker = work.worker("last", LONG, "shard", job -> job.complete(tx -> {}))) {
            worker.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state = 'done'") == 1);
        }
        assertThat(work.outboxEvents(RunFailed.class)).isEmpty();
    }

    @Test
    void aJobThatFailedTwiceMayStillCrashFiveTimes() {
        RunRef run = WorkFixture.run("failing, then preempted");
        work.add(run, "shard", "0");
        work.database.jdbi().useHandle(sql -> sql.execute("update job set failures = 2"));
        Jobs dying = work.jobs("dying", Duration.ofMillis(1), "shard");
        for (int i = 0; i < 5; i++) {
            Jobs.Claim claim = dying.claim().orElseThrow();
            assertThat(claim.crashed()).isEqualTo(i > 0);
            assertThat(claim.job().crashes()).isEqualTo(i);
            assertThat(claim.job().failures()).isEqualTo(2);
            awaitExpiry();
        }
        // Progress resets both counts.
        JobContext context = work.claim(dying);
        context.checkpoint(new byte[] {1}, tx -> {});
        assertThat(work.strings("select crashes || ' ' || failures from job")).containsExactly("0 0");
    }

    @Test
    void aJobInWhichTheProcessDiesSixTimesFailsTheRunAsCrashed() {
        RunRef run = WorkFixture.run("deadly");
        work.add(run, "shard", "0");
        Jobs dying = work.jobs("dying", Duration.ofMillis(1), "shard");
        for (int i = 0; i < JobOutcomes.MAX_CRASHES; i++) {
            assertThat(dying.claim()).isPresent();
            awaitExpiry();
        }
        try (Worker worker = work.worker("last", LONG, "shard", job -> {
            throw new AssertionError("must not be tried a seventh time");
        })) {
            worker.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state = 'failed'") == 1);
        }
        assertThat(work.outboxEvents(RunFailed.class)).singleElement().satisfies(failed -> {
            assertThat(failed.reason()).isEqualTo("CRASHED");
            assertThat(failed.kind().jsonName()).isEqualTo("internal");
        });
    }
}
