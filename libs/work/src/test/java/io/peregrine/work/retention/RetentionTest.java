package io.peregrine.work.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.PipelineEvent.ShardWritten;
import io.peregrine.events.RunRef;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.Transaction;
import io.peregrine.work.jobs.WorkFixture;
import io.peregrine.work.messaging.Inbox;
import io.peregrine.work.quarkus.TableMeters;
import io.quarkus.runtime.configuration.MemorySize;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

public class RetentionTest {
    /// The simulation at its full size: `mvn test -pl libs/work -am -Dtest=RetentionTest -Dretention.runs=1000`.
    private static final int RUNS_A_DAY = Integer.getInteger("retention.runs", 4);

    private static final int DAYS = 30;
    /// Days after which a run is deleted, as `peregrine.cluster.run-retention` does.
    private static final int RUN_RETENTION = 7;

    public static final Retention.Ages DEFAULTS = ages(7, 21, 21);

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

    /// The defaults of [RetentionConfig], except for three.
    private record Settings(Duration topicRetention, Duration inboxRetention, Duration endedRunRetention)
            implements RetentionConfig {
        @Override
        public Duration jobRetention() {
            return Duration.ofDays(7);
        }

        @Override
        public Duration outboxRetention() {
            return Duration.ofDays(7);
        }

        @Override
        public Duration quarantineRetention() {
            return Duration.ofDays(30);
        }

        @Override
        public int quarantineRecords() {
            return 100_000;
        }

        @Override
        public MemorySize quarantineBytes() {
            return new MemorySize(BigInteger.valueOf(256 << 20));
        }

        @Override
        public Duration auditRetention() {
            return Duration.ofDays(90);
        }

        @Override
        public Optional<Duration> pruneEvery() {
            return Optional.empty();
        }
    }

    private static Retention.Ages ages(int topicDays, int rememberDays, int endedRunDays) {
        return Retention.Ages.of(
                new Settings(Duration.ofDays(topicDays), Duration.ofDays(rememberDays), Duration.ofDays(endedRunDays)));
    }

    private static Map<String, Long> removeExpired(Retention.Ages ages) {
        return new Retention(work.database, ages, List.of(), (table, rows) -> {}).removeExpired();
    }

    /// Simulates time by ages: the rows of day d are inserted with the age that they have on the last day. The
    /// retention of day d uses ages that are larger by the days that remain.
    @Test
    void afterThirtyDaysTablesStopGrowing() {
        List<Map<String, Long>> rows = new ArrayList<>();
        List<Map<String, Long>> bytes = new ArrayList<>();
        for (int day = 0; day < DAYS; day++) {
            int daysAgo = DAYS - 1 - day;
            insertDay(daysAgo);
            if (day >= RUN_RETENTION) {
                deleteRuns(daysAgo + RUN_RETENTION, daysAgo);
            }
            Duration past = Duration.ofDays(daysAgo);
            removeExpired(new Retention.Ages(
                    DEFAULTS.inbox().plus(past),
                    DEFAULTS.job().plus(past),
                    DEFAULTS.outbox().plus(past),
                    DEFAULTS.deletedRun().plus(past),
                    DEFAULTS.quarantine().plus(past),
                    DEFAULTS.audit().plus(past)));
            // Autovacuum does so after 2 % of dead rows.
            work.database.jdbi().useHandle(sql -> sql.execute("vacuum inbox, job, outbox, ended_run"));
            rows.add(sizes("count(*)", "from %1$s"));
            bytes.add(sizes("pg_total_relation_size('%1$s')", ""));
            System.out.printf("day %2d  rows %s  bytes %s%n", day + 1, rows.getLast(), bytes.getLast());
        }
        for (String table : List.of("inbox", "job", "outbox", "ended_run")) {
            assertThat(rows.getLast().get(table))
                    .as("rows of %s", table)
                    .isPositive()
                    .isEqualTo(rows.get(DAYS - 2).get(table));
            assertThat(bytes.getLast().get(table))
                    .as("bytes of %s", table)
                    .isLessThanOrEqualTo(bytes.get(DAYS - 3).get(table) * 11 / 10);
        }
    }

    /// The rows of one day's runs: 138 rows per run, about as many as a small run leaves in the service that
    /// consumes every topic.
    private static void insertDay(int daysAgo) {
        work.database.jdbi().useHandle(sql -> {
            for (String rows : List.of(
                    "ended_run (run, type, ended_at) select run, 'io.peregrine.run.completed.v1', at from day",
                    """
                    inbox (source, id, type, digest, received_at)
                    select '/peregrine/trainer-service', md5(run || n), 'io.peregrine.stage.progressed.v1',
                        sha256(run::bytea), at from day, generate_series(1, 110) n""",
                    """
                    job (run, run_ref, kind, key, payload, state, created_at, updated_at)
                    select run, repeat('r', 250), 'encode', n::text, repeat('p', 400), 'done', at, at
                    from day, generate_series(1, 12) n""",
                    """
                    outbox (id, run, type, terminal, created_at, subject, cause, data, sent_at)
                    select md5('out' || run || n), run, 'io.peregrine.stage.progressed.v1', false, at, run,
                        md5(run || n), repeat('d', 500)::bytea, at from day, generate_series(1, 14) n""",
                    """
                    outbox (id, type, terminal, created_at, subject, data, sent_at)
                    select md5('ready' || run), 'io.peregrine.dataset.ready.v1', false, at, run,
                        repeat('d', 500)::bytea, at from day""")) {
                sql.createUpdate("""
                                with day as (
                                    select md5(:days || '/' || r) as run,
                                        now() - :days * interval '1 day' - interval '1 hour' as at
                                    from generate_series(1, :runs) r)
                                insert into\s""" + rows)
                        .bind("days", daysAgo)
                        .bind("runs", RUNS_A_DAY)
                        .execute();
            }
        });
    }

    /// Like [Transaction#forget], in bulk.
    private static void deleteRuns(int endedDaysAgo, int daysAgo) {
        work.database.jdbi().useHandle(sql -> {
            String ofDay = "run in (select md5(:days || '/' || r) from generate_series(1, :runs) r)";
            for (String statement : List.of(
                    "update ended_run set deleted_at = now() - :ago * interval '1 day' where :ago >= 0 and " + ofDay,
                    "delete from job where :ago >= 0 and " + ofDay,
                    "delete from outbox where :ago >= 0 and " + ofDay)) {
                sql.createUpdate(statement)
                        .bind("days", endedDaysAgo)
                        .bind("ago", daysAgo)
                        .bind("runs", RUNS_A_DAY)
                        .execute();
            }
        });
    }

    private static Map<String, Long> sizes(String value, String from) {
        Map<String, Long> sizes = new HashMap<>();
        for (String table : List.of("inbox", "job", "outbox", "ended_run")) {
            sizes.put(table, work.count(("select " + value + " " + from).formatted(table)));
        }
        return sizes;
    }

    @Test
    void aRepeatBeginsNothingAnewAfterItsRowsAreForgotten() {
        RunRef ended = WorkFixture.run("ended");
        RunRef deleted = WorkFixture.run("deleted");
        Inbox inbox = new Inbox(work.database, event -> {});
        for (RunRef run : List.of(ended, deleted)) {
            inbox.receive(WorkFixture.delivered("begin" + run.id(), WorkFixture.shard(run, 0)), RetentionTest::addJob);
            inbox.receive(WorkFixture.delivered("end" + run.id(), new RunCompleted(run)), RetentionTest::addJob);
        }
        inbox.receive(WorkFixture.delivered("gone", new RunDeleted(deleted)), RetentionTest::addJob);
        age(Duration.ofDays(20), "deleted_at");
        age(Duration.ofDays(40), "received_at", "updated_at", "sent_at", "ended_at");

        Map<String, Long> removed = removeExpired(DEFAULTS);

        assertThat(removed).containsEntry("inbox", 5L).containsEntry("job", 1L).doesNotContainKey("ended_run");
        for (RunRef run : List.of(ended, deleted)) {
            inbox.receive(WorkFixture.delivered("begin" + run.id(), WorkFixture.shard(run, 0)), RetentionTest::addJob);
        }
        assertThat(work.count("select count(*) from job")).isZero();
        work.database.useTransaction(
                null,
                tx -> assertThat(tx.delete(ended))
                        .as("a run whose rows were removed can still be deleted")
                        .isTrue());

        age(Duration.ofDays(2), "deleted_at");
        assertThat(removeExpired(DEFAULTS)).containsEntry("ended_run", 1L);
        assertThat(work.strings("select run from ended_run")).containsExactly(ended.id());
    }

    @Test
    void nothingOfARunningRunIsRemoved() {
        RunRef running = WorkFixture.run("running");
        work.add(running, "shard", "0");
        work.add(running, "shard", "1");
        work.database.useTransaction(null, tx -> {
            tx.publish(WorkFixture.shard(running, 0), "0");
            tx.publishAs("ready", running.id(), WorkFixture.shard(running, 1));
        });
        work.database.jdbi().useHandle(sql -> {
            sql.execute("update job set state = 'done' where key = '0'");
            sql.execute("update outbox set sent_at = now()");
            sql.execute("update outbox set run = null where id = 'ready'");
        });
        age(Duration.ofDays(400), "updated_at", "sent_at");

        assertThat(removeExpired(DEFAULTS)).isEmpty();

        // The run's end alone does not make the rows old: it ended just now.
        work.database.useTransaction(null, tx -> tx.publish(new RunCompleted(running), ""));
        assertThat(removeExpired(DEFAULTS)).isEmpty();
        age(Duration.ofDays(8), "ended_at", "updated_at", "sent_at");
        assertThat(removeExpired(DEFAULTS)).isEqualTo(Map.of("job", 2L, "outbox", 1L));
        assertThat(work.strings("select type from outbox order by seq"))
                .as("the unsent end, and the event that a repeated Idempotency-Key is compared with")
                .containsExactly("io.peregrine.shard.written.v1", "io.peregrine.run.completed.v1");
    }

    @Test
    void anOpenJobOfADeadWorkerIsRemovedWithItsEndedRun() {
        RunRef run = WorkFixture.run("died");
        work.add(run, "shard", "0");
        work.database.jdbi().useHandle(sql -> sql.execute("update job set state = 'running', lease_until = now()"));
        work.database.useTransaction(null, tx -> tx.publish(new RunCompleted(run), ""));
        age(Duration.ofDays(8), "ended_at", "updated_at");

        assertThat(removeExpired(DEFAULTS)).isEqualTo(Map.of("job", 1L));
    }

    @Test
    void rowsGoInBatchesPastLockedOnesAndPastARuleThatFails() {
        List<Long> batches = new ArrayList<>();
        work.database.jdbi().useHandle(sql -> sql.execute("""
                        insert into inbox (source, id, type, digest, received_at)
                        select 's', n::text, 't', '', now() - interval '30 days' from generate_series(1, 2500) n"""));
        RetentionRule broken =
                RetentionRule.of("nowhere", Duration.ZERO, "select ctid from nowhere where :seconds < :limit");
        Retention retention = new Retention(work.database, DEFAULTS, List.of(broken), (table, rows) -> {
            if (rows > 0) {
                batches.add(rows);
            }
        });
        // Opens a separate connection, because nested uses on one thread share theirs.
        try (Handle other = work.database.jdbi().open()) {
            other.begin();
            other.execute("update inbox set type = 'locked' where id = '7'");
            assertThat(retention.removeExpired()).isEqualTo(Map.of("inbox", 2_499L));
            other.commit();
        }

        assertThat(batches).containsExactly(1_000L, 1_000L, 499L);
        assertThat(retention.removeExpired()).isEqualTo(Map.of("inbox", 1L));
    }

    @Test
    void whatTopicsCanDeliverAgainIsNotForgotten() {
        assertThatThrownBy(() -> ages(7, 13, 21))
                .hasMessageStartingWith("peregrine.work.inbox-retention is PT312H. It must be at least PT336H");
        assertThatThrownBy(() -> ages(7, 21, 13))
                .hasMessageStartingWith("peregrine.work.ended-run-retention is PT312H. It must be at least PT336H");
        assertThat(ages(1, 2, 2).inbox()).isEqualTo(Duration.ofDays(2));
    }

    @Test
    void tablesAreMeasuredByEstimates() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        TableMeters meters = new TableMeters(registry, work.database);
        work.database.jdbi().useHandle(sql -> {
            sql.execute(
                    "insert into inbox (source, id, type, digest) select 's', n::text, 't', '' from generate_series(1, 300) n");
            sql.execute("analyze inbox");
        });
        meters.measure();

        assertThat(registry.get("peregrine.table.rows")
                        .tag("table", "inbox")
                        .gauge()
                        .value())
                .isEqualTo(300);
        assertThat(registry.get("peregrine.table.size")
                        .tag("table", "inbox")
                        .gauge()
                        .value())
                .isGreaterThan(8_192);
        assertThat(registry.find("peregrine.table.rows")
                        .tag("table", "tombstone")
                        .gauge())
                .as("never analyzed, so not reported")
                .isNull();
    }

    private static void age(Duration age, String... columns) {
        Map<String, String> tables = Map.of(
                "received_at",
                "inbox",
                "updated_at",
                "job",
                "sent_at",
                "outbox",
                "ended_at",
                "ended_run",
                "deleted_at",
                "ended_run");
        for (String column : columns) {
            work.database
                    .jdbi()
                    .useHandle(sql -> sql.execute("update %1$s set %2$s = %2$s - interval '%3$d hours'"
                            .formatted(tables.get(column), column, age.toHours())));
        }
    }

    private static void addJob(CloudEvent event, Transaction tx) {
        if (event.data() instanceof ShardWritten shard) {
            tx.add(new Job.New(shard.run(), "shard", Integer.toString(shard.index()), ""));
        }
    }
}
