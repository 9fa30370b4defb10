package io.peregrine.work.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.peregrine.events.FailureException;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import io.peregrine.work.messaging.Inbox;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// How jobs are distributed and how they end.
class WorkerTest {
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
    void twoWorkersShareJobsAndEachIsDoneOnce() {
        RunRef run = WorkFixture.run("shared");
        for (int i = 0; i < 40; i++) {
            work.add(run, "tile", Integer.toString(i));
        }
        Map<String, AtomicInteger> done = new ConcurrentHashMap<>();
        Map<String, AtomicInteger> byWorker = new ConcurrentHashMap<>();
        CountDownLatch bothAtWork = new CountDownLatch(2);
        try (Worker one = worker("one", done, byWorker, bothAtWork);
                Worker two = worker("two", done, byWorker, bothAtWork)) {
            one.start(1);
            two.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state = 'done'") == 40);
        }
        assertThat(done)
                .hasSize(40)
                .allSatisfy((key, times) -> assertThat(times).hasValue(1));
        assertThat(byWorker).containsOnlyKeys("one", "two");
        assertThat(work.count("select count(*) from outbox")).isEqualTo(40);
    }

    /// @param bothAtWork awaited by each job, so that one worker cannot do all jobs before the other starts
    private static Worker worker(
            String name,
            Map<String, AtomicInteger> done,
            Map<String, AtomicInteger> byWorker,
            CountDownLatch bothAtWork) {
        return work.worker(name, LONG, "tile", job -> {
            if (byWorker.putIfAbsent(name, new AtomicInteger()) == null) {
                bothAtWork.countDown();
            }
            bothAtWork.await();
            done.computeIfAbsent(job.job().key(), k -> new AtomicInteger()).incrementAndGet();
            byWorker.get(name).incrementAndGet();
            job.complete(tx -> tx.publish(
                    WorkFixture.shard(
                            job.job().run(), Integer.parseInt(job.job().key())),
                    job.job().key()));
        });
    }

    @Test
    void jobsAreTakenInTheOrderInWhichTheyWereAdded() {
        for (String run : List.of("b", "a", "c")) {
            work.add(WorkFixture.run(run), "train", "classifier");
            work.add(WorkFixture.run(run), "train", "autoencoder");
        }
        List<String> order = new java.util.concurrent.CopyOnWriteArrayList<>();
        try (Worker worker = work.worker("one", LONG, "train", job -> {
            order.add(job.job().run().dataset() + " " + job.job().key());
            job.complete(tx -> {});
        })) {
            worker.start(1);
            await().atMost(LONG).until(() -> order.size() == 6);
        }
        assertThat(order)
                .containsExactly(
                        "b classifier",
                        "b autoencoder",
                        "a classifier",
                        "a autoencoder",
                        "c classifier",
                        "c autoencoder");
    }

    @Test
    void anExceptionIsRetriedTwiceAndThenFailsTheRunWithItsClassName() {
        work.add(WorkFixture.run("bug"), "shard", "0");
        AtomicInteger tries = new AtomicInteger();
        try (Worker worker = work.worker("one", LONG, "shard", job -> {
            tries.incrementAndGet();
            throw new IllegalStateException("a bug");
        })) {
            worker.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state = 'failed'") == 1);
        }
        assertThat(tries).hasValue(3);
        assertThat(work.outboxEvents(RunFailed.class)).singleElement().satisfies(failed -> {
            assertThat(failed.reason()).isEqualTo("IllegalStateException");
            assertThat(failed.detail()).isEqualTo("a bug");
        });
    }

    @Test
    void aJobThatWasKilledFiveTimesStillHasThreeFailures() {
        work.add(WorkFixture.run("preempted, then failing"), "shard", "0");
        work.database.jdbi().useHandle(sql -> sql.execute("update job set crashes = 5"));
        List<String> seen = new java.util.concurrent.CopyOnWriteArrayList<>();
        try (Worker worker = work.worker("one", LONG, "shard", job -> {
            seen.add("%d crashes, %d failures"
                    .formatted(job.job().crashes(), job.job().failures()));
            throw new IllegalStateException("a bug");
        })) {
            worker.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state = 'failed'") == 1);
        }
        assertThat(seen).containsExactly("5 crashes, 0 failures", "5 crashes, 1 failures", "5 crashes, 2 failures");
        assertThat(work.outboxEvents(RunFailed.class))
                .singleElement()
                .satisfies(failed -> assertThat(failed.reason()).isEqualTo("IllegalStateException"));
    }

    @Test
    void anErrorInTheHeartbeatCostsNoLeaseAndOneInAClaimNoThread() throws Exception {
        work.add(WorkFixture.run("errors"), "shard", "0");
        AtomicInteger beats = new AtomicInteger();
        AtomicInteger claims = new AtomicInteger();
        // Every second connection of the heartbeat and the first two of a worker throw Errors of different
        // classes.
        DataSource failing = work.source(() -> {
            boolean beat = Thread.currentThread().getName().equals("heartbeat");
            if (beat && beats.incrementAndGet() % 2 == 1) {
                throw new StackOverflowError("in a heartbeat");
            } else if (!beat && claims.incrementAndGet() <= 2) {
                throw new NoClassDefFoundError("in a claim");
            }
        });
        try (Worker worker = new Worker(
                new Database(failing),
                "one",
                Stage.BALANCE,
                Duration.ofMillis(1500),
                work.artifacts(),
                List.of(WorkFixture.handler("shard", job -> {
                    await().atMost(LONG).until(() -> {
                        job.check();
                        return beats.get() > 10;
                    });
                    job.complete(tx -> {});
                })))) {
            worker.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state = 'done'") == 1);
        }
        assertThat(work.strings("select fence || ' ' || crashes || ' ' || failures from job"))
                .containsExactly("1 0 0");
    }

    @Test
    void progressResetsTheCountOfFailures() {
        work.add(WorkFixture.run("slow but sure"), "shard", "0");
        AtomicInteger tries = new AtomicInteger();
        try (Worker worker = work.worker("one", LONG, "shard", job -> {
            int done = job.job().state() == null ? 0 : job.job().state()[0];
            if (done == 5) {
                job.complete(tx -> {});
                return;
            }
            tries.incrementAndGet();
            job.checkpoint(new byte[] {(byte) (done + 1)}, tx -> {});
            throw new IllegalStateException("once more");
        })) {
            worker.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state = 'done'") == 1);
        }
        assertThat(tries).hasValue(5);
    }

    @Test
    void badInputFailsTheRunAtOnceWithWhatToDo() {
        work.add(WorkFixture.run("input"), "shard", "0");
        try (Worker worker = work.worker("one", LONG, "shard", job -> {
            throw FailureException.input("CLASS_TOO_SMALL", "class Cubism has 1 image; ask for fewer neighbours");
        })) {
            worker.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state = 'failed'") == 1);
        }
        assertThat(work.outboxEvents(RunFailed.class)).singleElement().satisfies(failed -> {
            assertThat(failed.reason()).isEqualTo("CLASS_TOO_SMALL");
            assertThat(failed.kind().jsonName()).isEqualTo("input");
            assertThat(failed.stage().jsonName()).isEqualTo("balance");
        });
        assertThat(work.count("select count(*) from ended_run")).isEqualTo(1);
    }

    @Test
    void anUnavailableResourceIsRetriedWithoutLimit() {
        work.add(WorkFixture.run("disk"), "shard", "0");
        AtomicInteger tries = new AtomicInteger();
        try (Worker worker = work.worker("one", LONG, "shard", job -> {
            if (tries.incrementAndGet() < 5) {
                throw FailureException.resource("STORE_UNREACHABLE", "the disk is full", new IOException("full"));
            }
            job.complete(tx -> {});
        })) {
            worker.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state = 'done'") == 1);
        }
        assertThat(tries).hasValue(5);
        assertThat(work.count("select count(*) from outbox")).isZero();
    }

    @ParameterizedTest
    @MethodSource("io.peregrine.work.jobs.WorkFixture#refusals")
    void aJobIsRequeuedUncountedAfterTheDatabaseRefused(WorkFixture.Refusal refusal) {
        work.add(WorkFixture.run("refused"), "shard", "0");
        List<Integer> attempts = new java.util.concurrent.CopyOnWriteArrayList<>();
        try (Worker worker = work.worker("one", LONG, "shard", job -> {
            attempts.add(job.job().attempt());
            if (attempts.size() == 1) {
                work.administer(refusal.refuse());
            }
            job.complete(tx -> {});
        })) {
            worker.start(1);
            try {
                await().atMost(LONG).until(() -> attempts.size() == 1);
                work.awaitTries(6);
            } finally {
                work.administer(refusal.admit());
            }
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state = 'done'") == 1);
        }
        assertThat(attempts).containsExactly(1, 1);
        assertThat(work.count("select count(*) from outbox")).isZero();
    }

    @Test
    void aStoppingServiceRequeuesItsJobUncounted() throws Exception {
        work.add(WorkFixture.run("given back"), "shard", "0");
        CountDownLatch begun = new CountDownLatch(1);
        Worker worker = work.worker("one", LONG, "shard", job -> {
            begun.countDown();
            WorkFixture.workUntilStopped(job);
        });
        worker.start(1);
        begun.await();
        worker.close();

        assertThat(work.strings("select state || crashes || failures from job")).containsExactly("queued00");
    }

    @Test
    void aStoppingServiceStillWritesCheckpoints() throws Exception {
        RunRef run = WorkFixture.run("saved at the end");
        work.add(run, "shard", "0");
        CountDownLatch begun = new CountDownLatch(1);
        Worker worker = work.worker("one", LONG, "shard", job -> {
            begun.countDown();
            try {
                WorkFixture.workUntilStopped(job);
            } catch (JobStoppedException stopped) {
                job.checkpoint(new byte[] {7}, tx -> tx.publish(WorkFixture.shard(run, 0), "reached"));
                throw stopped;
            }
        });
        worker.start(1);
        begun.await();
        worker.close();

        assertThat(work.strings("select state || crashes || failures || encode(saved, 'hex') from job"))
                .containsExactly("queued0007");
        assertThat(work.count("select count(*) from outbox")).isEqualTo(1);
    }

    @Test
    void anEndedRunAbsorbs() {
        RunRef run = WorkFixture.run("ended");
        work.add(run, "endless", "0");
        work.add(run, "endless", "1");
        AtomicInteger begun = new AtomicInteger();
        try (Worker worker = work.worker("one", LONG, "endless", job -> {
            begun.incrementAndGet();
            job.checkpoint(null, tx -> tx.publish(WorkFixture.shard(run, 0), "before the end"));
            WorkFixture.workUntilStopped(job);
        })) {
            worker.start(1);
            await().atMost(LONG).until(() -> begun.get() == 1 && work.count("select count(*) from outbox") == 1);
            Inbox inbox = new Inbox(work.database, event -> {});
            inbox.receive(WorkFixture.delivered("c", new RunCancelled(run, "enough")), (event, tx) -> {});

            await().atMost(Duration.ofSeconds(5))
                    .until(() -> work.count("select count(*) from job where state = 'cancelled'") == 2);
        }
        work.database.useTransaction(null, tx -> {
            tx.publish(WorkFixture.shard(run, 1), "after the end");
            tx.publish(new RunCompleted(run), "completed");
            tx.add(new Job.New(run, "endless", "2", ""));
        });

        assertThat(begun).hasValue(1);
        assertThat(work.count("select count(*) from outbox")).isZero();
        assertThat(work.count("select count(*) from job")).isEqualTo(2);
        assertThat(work.strings("select type from ended_run")).containsExactly("io.peregrine.run.cancelled.v1");
    }
}
