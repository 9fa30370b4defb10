package io.peregrine.work;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.RunRef;
import io.peregrine.events.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
