package io.peregrine.work;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.RunRef;
import io.peregrine.events.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class InboxTest {
    private static WorkFixture work;

    private final List<CloudEvent> heard = new ArrayList<>();
    private final Inbox inbox = new Inbox(work.database, heard::add);

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
    void aRepeatedEventChangesNothing() {
        RunRef run = WorkFixture.run("repeated");
        for (int i = 0; i < 3; i++) {
            inbox.hear(WorkFixture.delivered("e1", WorkFixture.shard(run, 0)), InboxTest::addJob);
        }
        assertThat(work.count("select count(*) from job")).isEqualTo(1);
        assertThat(work.count("select count(*) from inbox")).isEqualTo(1);
        assertThat(work.count("select count(*) from quarantine")).isZero();
        assertThat(heard).hasSize(1);
        assertThat(work.strings("select cause from job")).containsExactly("e1");
    }

    @Test
    void theSameIdWithOtherContentIsKeptApartAndTheFirstStands() {
        RunRef run = WorkFixture.run("conflict");
        inbox.hear(WorkFixture.delivered("e1", WorkFixture.shard(run, 0)), InboxTest::addJob);
        inbox.hear(WorkFixture.delivered("e1", WorkFixture.shard(run, 1)), InboxTest::addJob);

        assertThat(work.strings("select kind from quarantine")).containsExactly("EVENT_ID_CONFLICT");
        assertThat(work.strings("select key from job")).containsExactly("0");
    }

    @Test
    void bytesThatAreNoEventAreKeptWithWhereTheyLay() {
        inbox.hear(WorkFixture.bytes(Topics.DATASETS, 12, "\u0000 no json".getBytes(UTF_8)), InboxTest::addJob);

        assertThat(
                        work.strings(
                                "select topic || ' ' || kafka_offset || ' ' || kind || ' ' || encode(bytes, 'escape') from quarantine"))
                .containsExactly("peregrine.datasets 12 NOT_AN_EVENT \\000 no json");
        assertThat(work.count("select count(*) from inbox")).isZero();
    }

    @Test
    void aHandlersOwnBugIsTriedThreeTimesAndThenKeptAndLaterEventsGoOn() {
        AtomicInteger tries = new AtomicInteger();
        RunRef run = WorkFixture.run("bug");
        inbox.hear(WorkFixture.delivered("e1", WorkFixture.shard(run, 0)), (event, tx) -> {
            tries.incrementAndGet();
            throw new IllegalStateException("a bug of the handler");
        });
        inbox.hear(WorkFixture.delivered("e2", WorkFixture.shard(run, 1)), InboxTest::addJob);

        assertThat(tries).hasValue(3);
        assertThat(work.strings("select kind || ': ' || message from quarantine"))
                .containsExactly("HANDLER_FAILED: java.lang.IllegalStateException: a bug of the handler");
        assertThat(work.strings("select key from job")).containsExactly("1");
    }

    @Test
    void ofADeletedRunNothingComesBackWhateverIsDeliveredLateOrAgain() {
        RunRef run = WorkFixture.run("deleted");
        inbox.hear(WorkFixture.delivered("e1", WorkFixture.shard(run, 0)), InboxTest::addJob);
        List<CloudEvent> told = new ArrayList<>();
        for (String id : List.of("d1", "d2")) {
            inbox.hear(WorkFixture.delivered(id, new RunDeleted(run)), (event, tx) -> told.add(event));
        }
        assertThat(told).as("once").hasSize(1);
        assertThat(work.count("select count(*) from job")).isZero();

        inbox.hear(WorkFixture.delivered("e2", WorkFixture.shard(run, 1)), InboxTest::addJob);
        inbox.hear(WorkFixture.delivered("e3", new RunCompleted(run)), (event, tx) -> told.add(event));
        // As a producer does that says it again after the inbox has forgotten.
        work.database.jdbi().useHandle(sql -> sql.execute("delete from inbox"));
        inbox.hear(WorkFixture.delivered("e1", WorkFixture.shard(run, 0)), InboxTest::addJob);

        assertThat(told).hasSize(1);
        assertThat(work.count("select count(*) from job")).isZero();
        assertThat(work.count("select count(*) from ended_run where deleted_at is not null"))
                .isEqualTo(1);
        assertThat(work.count("select count(*) from quarantine")).isZero();
    }

    @Test
    void aRunIsDeletedOnceAndOnlyWhenItHasEnded() {
        RunRef run = WorkFixture.run("ended");
        work.add(run, "shard", "0");
        work.database.inTransaction(null, tx -> tx.say(WorkFixture.shard(run, 0), "0"));
        assertThat(deleted(run)).as("while it goes on").isFalse();
        assertThat(work.count("select count(*) from job")).isEqualTo(1);

        work.database.inTransaction(null, tx -> tx.say(new RunCompleted(run), ""));
        assertThat(deleted(run)).isTrue();
        assertThat(deleted(run)).as("again").isFalse();

        assertThat(work.count("select count(*) from job")).isZero();
        // Who follows the run hears of its end before its deletion.
        assertThat(work.strings("select type from outbox order by seq"))
                .containsExactly("io.peregrine.run.completed.v1", "io.peregrine.run.deleted.v1");
    }

    private static boolean deleted(RunRef run) {
        AtomicBoolean deleted = new AtomicBoolean();
        work.database.inTransaction(null, tx -> deleted.set(tx.delete(run)));
        return deleted.get();
    }

    @Test
    void recordsWaitWhileTheDatabaseIsAway() throws Exception {
        outage(Duration.ofSeconds(6));
    }

    @Test
    @Tag("slow")
    void recordsWaitNinetySecondsForTheDatabase() throws Exception {
        outage(Duration.ofSeconds(90));
    }

    private void outage(Duration away) throws Exception {
        RunRef run = WorkFixture.run("outage");
        work.postgres.stop();
        AtomicInteger acknowledged = new AtomicInteger();
        Thread listener = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < 20; i++) {
                inbox.hear(WorkFixture.delivered("e" + i, WorkFixture.shard(run, i)), InboxTest::addJob);
                acknowledged.incrementAndGet();
            }
        });
        await().pollDelay(away).atMost(away.plusSeconds(5)).until(() -> true);
        assertThat(listener.isAlive()).isTrue();
        assertThat(acknowledged).hasValue(0);

        work.postgres.start();
        assertThat(listener.join(Duration.ofSeconds(30))).isTrue();
        assertThat(acknowledged).hasValue(20);
        assertThat(work.count("select count(*) from job")).isEqualTo(20);
        assertThat(work.count("select count(*) from quarantine")).isZero();
    }

    private static void addJob(CloudEvent event, Transaction tx) {
        io.peregrine.events.PipelineEvent.ShardWritten shard =
                (io.peregrine.events.PipelineEvent.ShardWritten) event.data();
        tx.add(new Job.New(shard.run(), "shard", Integer.toString(shard.index()), ""));
    }
}
