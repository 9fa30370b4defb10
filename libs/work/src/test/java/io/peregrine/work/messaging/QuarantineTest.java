package io.peregrine.work.messaging;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.PipelineEvent.ShardWritten;
import io.peregrine.events.RunRef;
import io.peregrine.events.Topics;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.Transaction;
import io.peregrine.work.jobs.WorkFixture;
import io.peregrine.work.messaging.QuarantinedRecords.Content;
import io.peregrine.work.messaging.QuarantinedRecords.Entry;
import io.peregrine.work.messaging.QuarantinedRecords.Filter;
import io.peregrine.work.retention.Retention;
import io.peregrine.work.retention.RetentionTest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class QuarantineTest {
    private static final Filter ALL = new Filter(null, null, null);

    private static WorkFixture work;

    private final List<CloudEvent> received = new ArrayList<>();
    private final AtomicBoolean broken = new AtomicBoolean();
    private final Inbox inbox = new Inbox(work.database, received::add);
    private final QuarantinedRecords quarantine = new QuarantinedRecords(work.database, inbox, this::handle);

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

    private void handle(CloudEvent event, Transaction tx) {
        if (broken.get()) {
            throw new IllegalStateException("a bug of the handler");
        }
        ShardWritten shard = (ShardWritten) event.data();
        tx.add(new Job.New(shard.run(), "shard", Integer.toString(shard.index()), ""));
    }

    private Entry only() {
        List<Entry> all = quarantine.list(ALL, Long.MAX_VALUE, 10);
        assertThat(all).hasSize(1);
        return all.getFirst();
    }

    @Test
    void aRecordThatABugRejectedIsReplayedWithItsHeadersAfterTheFix() {
        RunRef run = WorkFixture.run("replayed");
        ConsumerRecord<String, byte[]> record = WorkFixture.delivered("e1", WorkFixture.shard(run, 3));
        broken.set(true);
        inbox.receive(record, this::handle);
        Entry refused = only();
        assertThat(refused.kind()).isEqualTo("HANDLER_FAILED");
        assertThat(refused.bytes()).isGreaterThan(record.value().length);

        Entry still = quarantine.replay(refused.id(), "a test").orElseThrow();
        assertThat(still.tries()).isEqualTo(1);
        assertThat(still.triedAt())
                .isBetween(Instant.now().minusSeconds(60), Instant.now().plusSeconds(60));
        assertThat(work.count("select count(*) from inbox"))
                .as("a rejected replay is rolled back")
                .isZero();

        broken.set(false);
        assertThat(quarantine.replay(refused.id(), "a test")).isEmpty();
        assertThat(quarantine.list(ALL, Long.MAX_VALUE, 10)).isEmpty();
        assertThat(work.strings("select key || ' ' || cause from job")).containsExactly("3 e1");
        assertThat(received).extracting(CloudEvent::id).containsExactly("e1");
        assertThat(work.strings("select action || ' by ' || actor from audit")).containsExactly("replayed by a test");

        // The topic is delivered again from its beginning.
        inbox.receive(record, this::handle);
        assertThat(work.count("select count(*) from job")).isEqualTo(1);
        assertThat(quarantine.replay(refused.id(), "a test"))
                .as("no longer in quarantine")
                .isEmpty();
    }

    @Test
    void aRecordThatIsNotAnEventStaysInQuarantineWithItsTries() {
        inbox.receive(WorkFixture.bytes(Topics.IMAGES, 7, "no event \0 at all".getBytes(UTF_8)), this::handle);
        Entry before = only();
        for (int tries = 1; tries <= 3; tries++) {
            Entry still = quarantine.replay(before.id(), "a test").orElseThrow();
            assertThat(still.tries()).isEqualTo(tries);
            assertThat(still.kind()).isEqualTo("NOT_AN_EVENT");
        }
        assertThat(work.count("select count(*) from audit")).isZero();
    }

    @Test
    void anIdWithOtherContentStaysAConflictWhenItIsReplayed() {
        RunRef run = WorkFixture.run("conflict");
        inbox.receive(WorkFixture.delivered("e1", WorkFixture.shard(run, 0)), this::handle);
        inbox.receive(WorkFixture.delivered("e1", WorkFixture.shard(run, 1)), this::handle);

        Entry still = quarantine.replay(only().id(), "a test").orElseThrow();

        assertThat(still.kind()).isEqualTo("EVENT_ID_CONFLICT");
        assertThat(only().tries()).isEqualTo(1);
        assertThat(work.strings("select key from job")).containsExactly("0");
    }

    @Test
    void aRecordIsShownAsItWasReceived() {
        ConsumerRecord<String, byte[]> odd = WorkFixture.bytes(Topics.DATASETS, 9, new byte[] {0, (byte) 0xff});
        odd.headers().add("plain", "text".getBytes(UTF_8)).add("none", null).add("z\0ero", new byte[] {0});
        inbox.receive(odd, this::handle);

        Content content = quarantine.find(only().id()).orElseThrow();

        assertThat(content.value()).containsExactly(0, 0xff);
        assertThat(content.headers())
                .containsEntry("plain", "text")
                .containsEntry("none", null)
                .hasSize(3);
        assertThat(quarantine.find(only().id() + 1)).isEmpty();
    }

    @Test
    void recordsAreListedByPageAndFilterAndPurged() {
        for (int offset = 0; offset < 5; offset++) {
            String topic = offset < 2 ? Topics.DATASETS : Topics.IMAGES;
            inbox.receive(WorkFixture.bytes(topic, offset, "?".getBytes(UTF_8)), this::handle);
        }
        List<Entry> newest = quarantine.list(ALL, Long.MAX_VALUE, 2);
        assertThat(newest).extracting(Entry::offset).containsExactly(4L, 3L);
        assertThat(quarantine.list(ALL, newest.getLast().id(), 10))
                .extracting(Entry::offset)
                .containsExactly(2L, 1L, 0L);
        assertThat(quarantine.list(new Filter("NOT_AN_EVENT", Topics.DATASETS, null), Long.MAX_VALUE, 10))
                .extracting(Entry::offset)
                .containsExactly(1L, 0L);
        assertThat(quarantine.list(new Filter("BAD_DATA", null, null), Long.MAX_VALUE, 10))
                .isEmpty();

        assertThat(quarantine.purge(new Filter(null, null, Instant.now().minusSeconds(3600)), "a test"))
                .isZero();
        assertThat(quarantine.purge(new Filter(null, Topics.DATASETS, null), "a test"))
                .isEqualTo(2);
        assertThat(quarantine.purge(newest.getFirst().id(), "a test")).isTrue();
        assertThat(quarantine.purge(newest.getFirst().id(), "a test")).isFalse();
        assertThat(quarantine.list(ALL, Long.MAX_VALUE, 10))
                .extracting(Entry::offset)
                .containsExactly(3L, 2L);
        assertThat(work.count("select count(*) from audit where action = 'purged'"))
                .isEqualTo(2);
    }

    @Test
    void theOldestGoWhereThereAreTooManyRecordsOrBytes() {
        for (int offset = 0; offset < 10; offset++) {
            inbox.receive(WorkFixture.bytes(Topics.IMAGES, offset, new byte[1_000]), this::handle);
        }
        List<Long> removed = new ArrayList<>();
        Retention retention =
                new Retention(work.database, RetentionTest.DEFAULTS, List.of(), (table, rows) -> removed.add(rows));
        removed.clear();

        retention.trimQuarantine(100, 1_000_000);
        assertThat(removed).isEmpty();
        retention.trimQuarantine(7, 1_000_000);
        retention.trimQuarantine(100, 3_500);

        assertThat(removed).containsExactly(3L, 4L);
        assertThat(quarantine.list(ALL, Long.MAX_VALUE, 10))
                .extracting(Entry::offset)
                .containsExactly(9L, 8L, 7L);
    }
}
