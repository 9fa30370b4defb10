package io.peregrine.work.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.StageQueued;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Fair share between runs.
class FairnessTest {
    private static final Duration LONG = Duration.ofSeconds(60);

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

    /// @return datasets and keys of the jobs that can be claimed, in claim order
    private static List<String> claims(Jobs jobs) {
        return Stream.generate(jobs::claim)
                .takeWhile(Optional::isPresent)
                .map(claim -> claim.get().job().run().dataset() + " "
                        + claim.get().job().key())
                .toList();
    }

    private static void serve(RunRef run, double seconds) {
        work.database.useTransaction(null, tx -> FairShare.charge(tx.sql(), Map.of(run.id(), seconds)));
    }

    /// Moves all times back.
    private static void age(int seconds) {
        for (String column : List.of("run_turn set since", "job set not_before", "job set waits_since")) {
            work.database
                    .jdbi()
                    .useHandle(sql -> sql.execute("update %s = %s - interval '%d seconds'"
                            .formatted(column, column.substring(column.lastIndexOf(' ') + 1), seconds)));
        }
    }

    @Test
    void aWaitForAWorkerIsReportedWithTheRunsAheadAtGrowingIntervals() {
        RunRef first = WorkFixture.run("first");
        RunRef second = WorkFixture.run("second");
        Jobs jobs = work.jobs("one", LONG, "tile");
        work.add(first, "tile", "1");
        work.add(second, "tile", "1");
        assertThat(jobs.claim().orElseThrow().job().run()).isEqualTo(first);
        work.waitReports("tile").publish();
        assertThat(work.outboxEvents(StageQueued.class)).as("no wait yet").isEmpty();

        age(20);
        work.waitReports("tile").publish();
        work.waitReports("tile").publish();
        assertThat(work.outboxEvents(StageQueued.class)).singleElement().satisfies(event -> {
            assertThat(event.run()).isEqualTo(second);
            assertThat(event.position()).isEqualTo(1);
            assertThat(event.behind()).containsExactly(first.id());
            assertThat(event.seconds()).isBetween(20.0, 40.0);
            assertThat(event.resource()).isNull();
        });
    }

    @Test
    void aWaitForAResourceIsReportedUntilTheRunMakesProgress() {
        RunRef run = WorkFixture.run("full");
        Jobs jobs = work.jobs("one", LONG, "tile");
        work.add(run, "tile", "1");
        String full = "STORE_FULL: The disk is full: 8 bytes are needed, 0 are free.";
        jobs.requeueWaiting(jobs.claim().orElseThrow().job(), Duration.ZERO, full);
        age(20);
        // The retry keeps the time of the first failure.
        jobs.requeueWaiting(jobs.claim().orElseThrow().job(), Duration.ofMinutes(1), full);
        work.waitReports("tile").publish();
        assertThat(work.outboxEvents(StageQueued.class)).singleElement().satisfies(event -> {
            assertThat(event.position()).isZero();
            assertThat(event.seconds()).isBetween(20.0, 40.0);
            assertThat(event.resource()).isEqualTo(full);
        });

        age(100);
        Jobs.Claim claim = jobs.claim().orElseThrow();
        work.context(claim).checkpoint(new byte[] {1}, tx -> {});
        work.waitReports("tile").publish();
        assertThat(work.outboxEvents(StageQueued.class)).as("after progress").hasSize(1);
    }

    @Test
    void theLeastServedRunComesFirstAndANewRunStartsAtItsLevel() {
        RunRef big = WorkFixture.run("big");
        RunRef small = WorkFixture.run("small");
        RunRef late = WorkFixture.run("late");
        Jobs jobs = work.jobs("one", LONG, "tile");
        Stream.of("1", "2", "3").forEach(key -> work.add(big, "tile", key));
        serve(big, 3_600);
        Stream.of("1", "2").forEach(key -> work.add(small, "tile", key));
        // Both have received equally many turns: first come, first served. A turn later the other one has
        // received less.
        assertThat(jobs.claim().orElseThrow().job().run()).isEqualTo(big);
        serve(big, 10);
        assertThat(jobs.claim().orElseThrow().job().run()).isEqualTo(small);
        serve(small, 4);
        // A run within its turn may finish before another run is served.
        assertThat(jobs.claim().orElseThrow().job().run()).isEqualTo(small);
        serve(small, 100);
        work.add(late, "tile", "1");
        // The late run starts at the level of the least served run, which has waited longer.
        assertThat(claims(jobs)).containsExactly("big 2", "big 3", "late 1");
    }

    @Test
    void aHigherPriorityComesFirstButNoRunStarves() {
        RunRef low = WorkFixture.run("low");
        work.add(low, "tile", "1");
        for (String run : List.of("usual", "high")) {
            work.add(WorkFixture.run(run), "tile", "1");
            work.add(WorkFixture.run(run), "tile", "2");
        }
        priority(low, -2);
        priority(WorkFixture.run("high"), 3);
        work.database.jdbi().useHandle(sql -> sql.execute("update job set kind = 'wall' where key = '2'"));
        assertThat(claims(work.jobs("one", LONG, "tile"))).containsExactly("high 1", "usual 1", "low 1");

        work.database.jdbi().useHandle(sql -> sql.execute("update job set state = 'queued', kind = 'tile'"));
        work.database
                .jdbi()
                .useHandle(sql -> sql.execute(
                        "update run_turn set since = now() - interval '6 minutes' where run = ?", low.id()));
        assertThat(claims(work.jobs("one", LONG, "tile")).getFirst()).isEqualTo("low 1");
    }

    @Test
    void aPreemptibleJobGivesWayToALowerPriorityOnlyAfterAMinuteAndToAHigherOneAtOnce() {
        RunRef low = WorkFixture.run("low");
        RunRef usual = WorkFixture.run("usual");
        work.add(low, "train", "1");
        work.add(usual, "train", "1");
        priority(low, -1);
        Jobs jobs = work.jobs("one", LONG, "train");
        Job first = jobs.claim().orElseThrow().job();
        assertThat(first.run()).isEqualTo(usual);
        serve(usual, 100);
        assertThat(jobs.isOtherRunFirst(first))
                .as("however much work the run has received")
                .isFalse();

        age(61);
        serve(usual, 1);
        assertThat(jobs.isOtherRunFirst(first)).as("after a minute").isTrue();
        jobs.requeuePreempted(first);
        Job second = jobs.claim().orElseThrow().job();
        assertThat(second.run()).isEqualTo(low);
        serve(low, 1);
        assertThat(jobs.isOtherRunFirst(second)).as("the higher priority waits").isTrue();
    }

    @Test
    void anUnreadableJobFailsWithItsRunAndBlocksNoOtherJob() {
        RunRef damaged = WorkFixture.run("damaged");
        RunRef sound = WorkFixture.run("sound");
        Jobs jobs = work.jobs("one", LONG, "tile");
        work.add(damaged, "tile", "1");
        work.add(sound, "tile", "1");
        work.database.jdbi().useHandle(sql -> sql.execute("update job set run_ref = '{' where run = ?", damaged.id()));

        assertThat(jobs.claim()).isEmpty();
        assertThat(claims(jobs)).containsExactly("sound 1");
        assertThat(work.database
                        .jdbi()
                        .<List<String>, RuntimeException>withHandle(
                                sql -> sql.createQuery("select convert_from(data, 'UTF8') from outbox where run = :run")
                                        .bind("run", damaged.id())
                                        .mapTo(String.class)
                                        .list()))
                .singleElement()
                .asString()
                .contains("JOB_UNREADABLE", "table job of train-service");
    }

    private static void priority(RunRef run, int priority) {
        work.database
                .jdbi()
                .useHandle(sql -> sql.execute("update run_turn set priority = ? where run = ?", priority, run.id()));
    }

    @Test
    void smallRunsFinishLongBeforeALargeRunThatStartedEarlier() {
        RunRef big = WorkFixture.run("of many jobs");
        work.database.useTransaction("the-cause", tx -> {
            for (int i = 0; i < 1_000; i++) {
                tx.add(new Job.New(big, "tile", Integer.toString(i), ""));
            }
        });
        for (int run = 0; run < 30; run++) {
            work.add(WorkFixture.run("small " + run), "tile", "1");
            work.add(WorkFixture.run("small " + run), "tile", "2");
        }
        try (Worker worker = new Worker(
                work.database,
                "one",
                Stage.BALANCE,
                Duration.ofMillis(800),
                Duration.ofMillis(100),
                work.artifacts(),
                List.of(WorkFixture.handler("tile", job -> {
                    // A job takes some time, by which its run is charged.
                    Thread.sleep(2);
                    job.complete(tx -> {});
                })))) {
            worker.start(2);
            await().atMost(LONG)
                    .until(() -> work.count(
                                    "select count(*) from job where state = 'done' and run <> '%s'".formatted(big.id()))
                            == 60);
            assertThat(work.count("select count(*) from job where state = 'done' and run = '%s'".formatted(big.id())))
                    .as("jobs of the big run")
                    .isLessThan(600);
        }
    }

    @Test
    void aPreemptibleJobYieldsToAnotherRunAndResumesUncounted() {
        RunRef hours = WorkFixture.run("of hours");
        work.add(hours, "train", "only");
        List<String> order = new CopyOnWriteArrayList<>();
        try (Worker worker = new Worker(
                work.database,
                "one",
                Stage.TRAIN,
                Duration.ofMillis(800),
                Duration.ofMillis(100),
                work.artifacts(),
                List.of(WorkFixture.handler("train", job -> {
                    if (!job.job().run().equals(hours)) {
                        order.add("small");
                        job.complete(tx -> {});
                        return;
                    }
                    order.add("hours");
                    int steps = job.job().state() == null
                            ? 0
                            : ByteBuffer.wrap(job.job().state()).getInt();
                    if (steps > 0) {
                        assertThat(steps).isGreaterThanOrEqualTo(10);
                        job.complete(tx -> {});
                        return;
                    }
                    work.add(WorkFixture.run("small"), "train", "only");
                    while (!job.shouldYield(Duration.ofMillis(300))) {
                        // Not a wait: a step of training.
                        Thread.sleep(10);
                        steps++;
                    }
                    byte[] state = ByteBuffer.allocate(4).putInt(steps).array();
                    job.checkpoint(state, tx -> {});
                    throw job.yielded();
                })))) {
            worker.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state = 'done'") == 2);
        }
        assertThat(order).containsExactly("hours", "small", "hours");
        assertThat(work.strings("select fence || ' ' || crashes || ' ' || failures from job order by id"))
                .containsExactly("2 0 0", "1 0 0");
    }

    @Test
    void aPreemptedJobResumesAtItsHomeUnlessNoWorkerIsThereForLong() {
        RunRef run = WorkFixture.run("with files");
        work.add(run, "train", "only");
        Jobs here = new Jobs(
                work.database,
                Stage.TRAIN,
                "here",
                LONG,
                new FairShare(List.of("train"), "a folder", FairShare.DEFAULT_QUANTUM));
        Jobs there = new Jobs(
                work.database,
                Stage.TRAIN,
                "there",
                LONG,
                new FairShare(List.of("train"), "another", FairShare.DEFAULT_QUANTUM));
        here.requeuePreempted(here.claim().orElseThrow().job());
        assertThat(there.claim()).isEmpty();
        Jobs.Claim again = here.claim().orElseThrow();
        // A requeue at the end of the service clears the home, so that any worker may claim the job.
        here.requeue(again.job());
        here.requeuePreempted(there.claim().orElseThrow().job());
        assertThat(there.claim()).isEmpty();

        work.database
                .jdbi()
                .useHandle(sql ->
                        sql.execute("update job set home = 'a folder', not_before = now() - interval '11 minutes'"));
        assertThat(there.claim()).isPresent();
    }

    @Test
    void anEndedRunHasNoTurn() {
        RunRef run = WorkFixture.run("ended");
        work.add(run, "tile", "1");
        work.database.useTransaction(null, tx -> tx.publish(new RunCompleted(run), "completed"));
        assertThat(work.count("select count(*) from run_turn")).isZero();
        work.add(run, "tile", "2");
        assertThat(work.count("select count(*) from run_turn")).isZero();
    }

    @Test
    void aClaimIsCheapWithAHundredThousandQueuedJobs() throws Exception {
        work.database.jdbi().useHandle(sql -> {
            sql.execute("""
                    insert into job (run, run_ref, kind, key, payload)
                    select md5('run ' || n % 500), ?, 'tile', n::text, '""' from generate_series(1, 100000) n""", EventCodec.json().writeValueAsString(WorkFixture.run("many")));
            sql.execute("insert into run_turn (run) select run from job group by run");
        });
        // Measured by the blocks that the database reads, because time alone depends on the machine.
        FairShare turns = new FairShare(List.of("tile"), "", FairShare.DEFAULT_QUANTUM);
        List<Double> millis = new ArrayList<>();
        List<Long> blocks = new ArrayList<>();
        work.database.jdbi().useHandle(sql -> {
            for (int i = 0; i < 50; i++) {
                JsonNode plan = EventCodec.json()
                        .readTree(
                                turns.bind(sql.createQuery("explain (analyze, buffers, format json) " + FairShare.NEXT))
                                        .mapTo(String.class)
                                        .one());
                millis.add(plan.at("/0/Execution Time").doubleValue());
                blocks.add(plan.at("/0/Plan/Shared Hit Blocks").longValue()
                        + plan.at("/0/Plan/Shared Read Blocks").longValue());
            }
        });
        Collections.sort(millis);
        System.out.printf(
                "the next of 100,000 queued jobs of 500 runs: median %.1f ms, at most %d blocks%n",
                millis.get(25), Collections.max(blocks));
        assertThat(blocks).allSatisfy(read -> assertThat(read).isBetween(1L, 300L));
        assertThat(work.jobs("one", LONG, "tile").claim()).isPresent();
    }
}
