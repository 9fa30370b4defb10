package io.peregrine.work.messaging;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import io.peregrine.events.Topics;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.Transaction;
import io.peregrine.work.jobs.WorkFixture;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class InboxTest {
    private static WorkFixture work;

    private static final AtomicLong OFFSETS = new AtomicLong(1_000);

    private final List<CloudEvent> received = new ArrayList<>();
    private final Inbox inbox = new Inbox(work.database, received::add);

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
            inbox.receive(WorkFixture.delivered("e1", WorkFixture.shard(run, 0)), InboxTest::addJob);
        }
        assertThat(work.count("select count(*) from job")).isEqualTo(1);
        assertThat(work.count("select count(*) from inbox")).isEqualTo(1);
        assertThat(work.count("select count(*) from quarantine")).isZero();
        assertThat(received).hasSize(1);
        assertThat(work.strings("select cause from job")).containsExactly("e1");
    }

    @Test
    void theSameIdWithOtherContentIsQuarantinedAndTheFirstIsKept() {
        RunRef run = WorkFixture.run("conflict");
        inbox.receive(WorkFixture.delivered("e1", WorkFixture.shard(run, 0)), InboxTest::addJob);
        inbox.receive(WorkFixture.delivered("e1", WorkFixture.shard(run, 1)), InboxTest::addJob);

        assertThat(work.strings("select kind from quarantine")).containsExactly("EVENT_ID_CONFLICT");
        assertThat(work.strings("select key from job")).containsExactly("0");
    }

    @Test
    void bytesThatAreNotAnEventAreQuarantinedWithTheirPosition() {
        inbox.receive(WorkFixture.bytes(Topics.DATASETS, 12, "\u0000 no json".getBytes(UTF_8)), InboxTest::addJob);

        assertThat(
                        work.strings(
                                "select topic || ' ' || kafka_offset || ' ' || kind || ' ' || encode(bytes, 'escape') from quarantine"))
                .containsExactly("peregrine.datasets 12 NOT_AN_EVENT \\000 no json");
        assertThat(work.count("select count(*) from inbox")).isZero();
    }

    @Test
    void aFailingHandlerIsTriedThreeTimesThenTheRecordIsQuarantinedAndLaterEventsAreHandled() {
        AtomicInteger tries = new AtomicInteger();
        RunRef run = WorkFixture.run("bug");
        inbox.receive(WorkFixture.delivered("e1", WorkFixture.shard(run, 0)), (event, tx) -> {
            tries.incrementAndGet();
            throw new IllegalStateException("a bug of the handler");
        });
        inbox.receive(WorkFixture.delivered("e2", WorkFixture.shard(run, 1)), InboxTest::addJob);

        assertThat(tries).hasValue(3);
        assertThat(work.strings("select kind || ': ' || message from quarantine"))
                .containsExactly("HANDLER_FAILED: java.lang.IllegalStateException: a bug of the handler");
        assertThat(work.strings("select key from job")).containsExactly("1");
    }

    @Test
    void anErrorOfTheHandlerIsQuarantinedTooAndLaterEventsAreHandled() {
        RunRef run = WorkFixture.run("error");
        List<Error> errors = List.of(new StackOverflowError(), new OutOfMemoryError("too much"), new LinkageError());
        for (Error error : errors) {
            inbox.receive(WorkFixture.delivered(error.toString(), WorkFixture.shard(run, 0)), (event, tx) -> {
                throw error;
            });
        }
        inbox.receive(WorkFixture.delivered("behind", WorkFixture.shard(run, 1)), InboxTest::addJob);

        assertThat(work.strings("select message from quarantine where kind = 'HANDLER_FAILED' order by id"))
                .containsExactlyElementsOf(errors.stream().map(Error::toString).toList());
        assertThat(work.strings("select key from job")).containsExactly("1");
    }

    /// Records that once made a channel fail permanently, or could; by name.
    private static Map<String, ConsumerRecord<String, byte[]>> poison() {
        Map<String, ConsumerRecord<String, byte[]>> poison = new LinkedHashMap<>();
        CloudEvent good = good("good");
        poison.put("no value", changed(good, null));
        poison.put("an empty value", changed(good, ""));
        for (String json : List.of("null", "true", "7", "\"text\"", "[]", "{}", "{\"run\":null}", "{\"run\":{}}")) {
            poison.put("data " + json, changed(good, json));
        }
        String data = new String(EventCodec.data(good.data()), UTF_8);
        poison.put("deeply nested data", changed(good, "{\"a\":".repeat(20_000)));
        poison.put(
                "a path for a run", changed(good, data.replace(good.subject(), "../../../../../../../../tmp/pwned")));
        poison.put("a path for an artifact", changed(good, data.replace("store:shard/", "store:../../")));
        poison.put(
                "a name that is too long", changed(good, data.replace("\"poison\"", "\"" + "n".repeat(3_000) + "\"")));
        poison.put("a number that is too large", changed(good, data.replace("\"index\":0", "\"index\":1e99")));
        poison.put("no reference", changed(good, data.replace("\"shard\":", "\"other\":")));
        poison.put("a value of two megabytes", changed(good, " ".repeat(2_000_000)));
        poison.put("half a character", changed(good, "{\"\ud800"));
        poison.put("an id of 3,000 characters", changed(good, data, "ce_id", "i".repeat(3_000)));
        poison.put("a zero character", changed(good, data, "ce_source", "/a\0b"));
        poison.put("a time that no table holds", changed(good, data, "ce_time", "+999999999-01-01T00:00:00Z"));
        poison.put("another version", changed(good, data, "ce_specversion", "9\0"));
        poison.put("a type with a zero character", changed(good, data, "ce_type", "io.peregrine.\0"));
        ConsumerRecord<String, byte[]> noUtf8 = changed(good, data);
        noUtf8.headers().add("ce_id", new byte[] {(byte) 0xff});
        poison.put("an id that is not UTF-8", noUtf8);
        ConsumerRecord<String, byte[]> noTrace = WorkFixture.bytes(Topics.DATASETS, 0, "no json".getBytes(UTF_8));
        noTrace.headers().add("traceparent", null);
        poison.put("a traceparent without a value", noTrace);
        ConsumerRecord<String, byte[]> ourSource =
                WorkFixture.bytes(Topics.DATASETS, 1, "{\"dataset\":\"d\",\"uri\":\"file:///tmp\"}".getBytes(UTF_8));
        ourSource
                .headers()
                .add("ce_specversion", "1.0".getBytes(UTF_8))
                .add("ce_id", "1".getBytes(UTF_8))
                .add("ce_source", "/kafka/peregrine.datasets".getBytes(UTF_8))
                .add("ce_type", "io.peregrine.dataset.ready.v1".getBytes(UTF_8));
        poison.put("the source of bare records", ourSource);
        return poison;
    }

    private static CloudEvent good(String id) {
        RunRef run = WorkFixture.run("poison");
        return new CloudEvent(
                id,
                "/test",
                WorkFixture.shard(run, 0).type(),
                Instant.now(),
                run.id(),
                run.id(),
                null,
                WorkFixture.shard(run, 0));
    }

    private static ConsumerRecord<String, byte[]> changed(CloudEvent event, String data, String... header) {
        ConsumerRecord<String, byte[]> record =
                WorkFixture.bytes(Topics.SHARDS, OFFSETS.incrementAndGet(), data == null ? null : data.getBytes(UTF_8));
        EventCodec.write(event).headers().forEach(record.headers()::add);
        if (header.length > 0) {
            record.headers().add(header[0], header[1].getBytes(UTF_8));
        }
        return record;
    }

    @Test
    void eachKindOfPoisonRecordIsQuarantinedOnceAndLaterRecordsAreReceived() {
        Map<String, ConsumerRecord<String, byte[]>> poison = poison();
        for (int delivery = 0; delivery < 2; delivery++) {
            poison.forEach((name, record) -> {
                assertThatCode(() -> inbox.receive(record, InboxTest::addJob))
                        .as(name)
                        .doesNotThrowAnyException();
            });
        }
        ConsumerRecord<String, byte[]> behind =
                WorkFixture.delivered("behind", good("behind").data());
        behind.headers().add("traceparent", null);
        inbox.receive(behind, InboxTest::addJob);

        assertThat(work.strings("select topic || kafka_offset from quarantine"))
                .containsExactlyInAnyOrderElementsOf(poison.values().stream()
                        .map(record -> record.topic() + record.offset())
                        .toList());
        assertThat(work.strings("select kind from quarantine")).doesNotContain("HANDLER_FAILED");
        assertThat(work.count("select count(*) from job")).isEqualTo(1);
        assertThat(received).hasSize(1);
    }

    @Test
    void aRecreatedTopicHasItsOwnRecordsAtTheSameOffsets() {
        for (String value : List.of("old", "new", "new")) {
            inbox.receive(WorkFixture.bytes(Topics.DATASETS, 0, value.getBytes(UTF_8)), InboxTest::addJob);
        }
        assertThat(work.strings("select convert_from(bytes, 'UTF8') from quarantine order by id"))
                .containsExactly("old", "new");
    }

    @Test
    void anEventThatCannotBeReceivedIsRejectedByTheTransactionThatPublishesIt() {
        RunRef run = WorkFixture.run("large");
        Map<String, Double> measures = new HashMap<>();
        for (int i = 0; i < 5_000; i++) {
            measures.put("measure" + i, 1.0);
        }
        refused(
                new StageProgressed(run, Stage.TRAIN, "t", 1, 2, "epochs", measures),
                "EVENT_TOO_LARGE",
                "the maximum is 65,536");
        refused(
                new StageProgressed(run, Stage.TRAIN, "t".repeat(2_000), 1, 2, "epochs", Map.of()),
                "EVENT_UNREADABLE",
                "the field /task has more than 1,024 bytes");
        assertThat(work.count("select count(*) from outbox")).isZero();
    }

    private static void refused(PipelineEvent event, String code, String message) {
        assertThatThrownBy(() -> work.database.useTransaction(null, tx -> tx.publish(event, "")))
                .isInstanceOfSatisfying(FailureException.class, failure -> {
                    assertThat(failure.kind()).isEqualTo(FailureKind.INPUT);
                    assertThat(failure.code()).isEqualTo(code);
                })
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @MethodSource("io.peregrine.work.jobs.WorkFixture#refusals")
    void recordsWaitWhileTheDatabaseRefuses(WorkFixture.Refusal refusal) throws Exception {
        RunRef run = WorkFixture.run("refused");
        Thread listener;
        work.administer(refusal.refuse());
        try {
            assertThat(catchThrowable(
                            () -> work.database.useTransaction(null, tx -> tx.add(new Job.New(run, "shard", "0", "")))))
                    .satisfies(error -> assertThat(Database.isTransient(error)).isTrue())
                    .rootCause()
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            error -> assertThat(error.getSQLState()).isEqualTo(refusal.state()));
            listener = Thread.ofPlatform().start(() -> {
                inbox.receive(WorkFixture.bytes(Topics.DATASETS, 0, "no json".getBytes(UTF_8)), InboxTest::addJob);
                inbox.receive(WorkFixture.delivered("e1", WorkFixture.shard(run, 0)), InboxTest::addJob);
            });
            work.awaitTries(3);
            assertThat(listener.isAlive()).isTrue();
        } finally {
            work.administer(refusal.admit());
        }
        assertThat(listener.join(Duration.ofSeconds(30))).isTrue();
        assertThat(work.count("select count(*) from job")).isEqualTo(1);
        assertThat(work.strings("select kind from quarantine")).containsExactly("NOT_AN_EVENT");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // Errors caused by the statement's own data or text.
                "select 1 / 0",
                "select cast('x' as int)",
                "insert into inbox (source, id, type, digest) values ('s', 'i', 't', null)",
                "insert into inbox (source, id, type, digest) select string_agg(md5(n::text), ''), 'i', 't', '' from generate_series(1, 400) n",
                "selekt",
                "select array[1] || now()",
                "select cast(now() as int)"
            })
    void anErrorOfTheStatementItselfIsPermanent(String statement) {
        assertThat(catchThrowable(
                        () -> work.database.useTransaction(null, tx -> tx.sql().execute(statement))))
                .isNotNull()
                .satisfies(error -> assertThat(Database.isTransient(error)).isFalse());
    }

    @Test
    void aDeletedRunDoesNotReappearThroughLateOrRepeatedEvents() {
        RunRef run = WorkFixture.run("deleted");
        inbox.receive(WorkFixture.delivered("e1", WorkFixture.shard(run, 0)), InboxTest::addJob);
        List<CloudEvent> handled = new ArrayList<>();
        for (String id : List.of("d1", "d2")) {
            inbox.receive(WorkFixture.delivered(id, new RunDeleted(run)), (event, tx) -> handled.add(event));
        }
        assertThat(handled).as("once").hasSize(1);
        assertThat(work.count("select count(*) from job")).isZero();

        inbox.receive(WorkFixture.delivered("e2", WorkFixture.shard(run, 1)), InboxTest::addJob);
        inbox.receive(WorkFixture.delivered("e3", new RunCompleted(run)), (event, tx) -> handled.add(event));
        // A producer may publish it again after its inbox row was removed.
        work.database.jdbi().useHandle(sql -> sql.execute("delete from inbox"));
        inbox.receive(WorkFixture.delivered("e1", WorkFixture.shard(run, 0)), InboxTest::addJob);

        assertThat(handled).hasSize(1);
        assertThat(work.count("select count(*) from job")).isZero();
        assertThat(work.count("select count(*) from ended_run where deleted_at is not null"))
                .isEqualTo(1);
        assertThat(work.count("select count(*) from quarantine")).isZero();
    }

    @Test
    void aRunIsDeletedOnceAndOnlyWhenItHasEnded() {
        RunRef run = WorkFixture.run("ended");
        work.add(run, "shard", "0");
        work.database.useTransaction(null, tx -> tx.publish(WorkFixture.shard(run, 0), "0"));
        assertThat(deleted(run)).as("while it is running").isFalse();
        assertThat(work.count("select count(*) from job")).isEqualTo(1);

        work.database.useTransaction(null, tx -> tx.publish(new RunCompleted(run), ""));
        assertThat(deleted(run)).isTrue();
        assertThat(deleted(run)).as("again").isFalse();

        assertThat(work.count("select count(*) from job")).isZero();
        // A consumer receives the end of the run before its deletion.
        assertThat(work.strings("select type from outbox order by seq"))
                .containsExactly("io.peregrine.run.completed.v1", "io.peregrine.run.deleted.v1");
    }

    private static boolean deleted(RunRef run) {
        AtomicBoolean deleted = new AtomicBoolean();
        work.database.useTransaction(null, tx -> deleted.set(tx.delete(run)));
        return deleted.get();
    }

    @Test
    void recordsWaitWhileTheDatabaseIsUnavailable() throws Exception {
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
                inbox.receive(WorkFixture.delivered("e" + i, WorkFixture.shard(run, i)), InboxTest::addJob);
                acknowledged.incrementAndGet();
            }
        });
        // The length of the outage is what is tested.
        await().during(away).atMost(away.plusSeconds(5)).untilAsserted(() -> {
            assertThat(listener.isAlive()).isTrue();
            assertThat(acknowledged).hasValue(0);
        });

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
