package io.peregrine.work.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.RunRef;
import io.peregrine.work.retention.RetentionRule;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Queries and transactions that services use instead of SQL on this library's tables.
class QueriesTest {
    private static final Duration WEEK = Duration.ofDays(7);

    private static WorkFixture work;

    @BeforeAll
    static void start() {
        work = WorkFixture.start();
        work.database.jdbi().useHandle(sql -> sql.execute("create table own (id text, run text, place int)"));
    }

    @AfterAll
    static void stop() {
        work.close();
    }

    @BeforeEach
    void clear() {
        work.clear();
        work.database.jdbi().useHandle(sql -> sql.execute("truncate own"));
    }

    @Test
    void jobsAreFoundByKind() {
        RunRef run = WorkFixture.run("run");
        for (String key : List.of("done", "running", "queued")) {
            work.add(run, "shard", key);
        }
        work.add(run, "other", "running");
        work.database.jdbi().useHandle(sql -> {
            sql.execute("update job set state = key");
            sql.execute("update job set created_at = '2026-01-02 03:04:05.678901Z' where key = 'done'");

            assertThat(JobQueries.addedAt(sql, run.id(), "shard"))
                    .contains(Instant.parse("2026-01-02T03:04:05Z").plus(678_901, ChronoUnit.MICROS));
            assertThat(JobQueries.addedAt(sql, run.id(), "none")).isEmpty();
            assertThat(JobQueries.countRunning(sql, run.id(), "shard")).isEqualTo(1);
            assertThat(JobQueries.countRunning(sql, run.id(), "none")).isZero();
            assertThat(JobQueries.open(sql, "shard", (id, key) -> id + "-" + key))
                    .containsExactlyInAnyOrder(run.id() + "-running", run.id() + "-queued");
        });
    }

    @Test
    void theFirstEndOfARunIsKnown() {
        RunRef run = WorkFixture.run("run");
        String cancelled = new RunCancelled(null, "").type();
        work.database.useTransaction(null, tx -> {
            assertThat(tx.hasEndedWith(run.id(), cancelled)).isFalse();
            tx.publish(new RunCancelled(run, "a test"), "");
            tx.publish(new RunCompleted(run), "");
            assertThat(tx.hasEndedWith(run.id(), cancelled)).isTrue();
            assertThat(tx.hasEndedWith(run.id(), new RunCompleted(null).type())).isFalse();
        });
    }

    @Test
    void anEventIsComparedWithTheFirstOfItsId() {
        RunRef run = WorkFixture.run("run");
        work.database.useTransaction(null, tx -> {
            tx.publishAs("id", run.id(), WorkFixture.shard(run, 0));
            tx.publishAs("id", run.id(), WorkFixture.shard(run, 1));
            assertThat(tx.isPublished("id", WorkFixture.shard(run, 0))).isTrue();
            assertThat(tx.isPublished("id", WorkFixture.shard(run, 1))).isFalse();
            assertThatThrownBy(() -> tx.isPublished("none", WorkFixture.shard(run, 0)))
                    .isInstanceOf(IllegalStateException.class);
        });
    }

    @Test
    void runsThatEndedLongAgoAreFoundInTheOrderOfTheirEnds() {
        List<String> runs = endedDaysAgo(8, 10, 9, 3, 11, 12);
        work.database.jdbi().useHandle(sql -> {
            sql.execute("update ended_run set deleted_at = now() where run = ?", runs.get(4));
            sql.execute("insert into own (id) select run from ended_run where run <> ?", runs.get(5));

            assertThat(EndedRuns.endedBefore(sql, WEEK, "own", "id", 10))
                    .containsExactly(runs.get(1), runs.get(2), runs.get(0));
            assertThat(EndedRuns.endedBefore(sql, WEEK, "own", "id", 1)).containsExactly(runs.get(1));
        });
    }

    @Test
    void rowsOfRunsThatEndedLongAgoAreRemoved() {
        List<String> runs = endedDaysAgo(8, 6);
        work.database.jdbi().useHandle(sql -> {
            sql.execute("insert into own (run, place) select run, n from ended_run, generate_series(1, 3) n");
            sql.execute("insert into own (run, place) values ('running', 1)");
        });
        RetentionRule first = RetentionRule.ofEndedRuns("own", WEEK, "and own.place > 1 order by own.place");
        RetentionRule rest = RetentionRule.ofEndedRuns("own", WEEK);
        String places = "select place from own where run = '%s' order by place".formatted(runs.get(0));

        assertThat(work.database.<Integer>inTransaction(null, tx -> first.removeSome(tx, 1)))
                .isEqualTo(1);
        assertThat(work.strings(places)).containsExactly("1", "3");
        assertThat(work.database.<Integer>inTransaction(null, tx -> first.removeSome(tx, 10)))
                .isEqualTo(1);
        assertThat(work.strings(places)).containsExactly("1");
        assertThat(work.database.<Integer>inTransaction(null, tx -> rest.removeSome(tx, 10)))
                .isEqualTo(1);
        assertThat(work.strings("select distinct run from own order by run"))
                .containsExactlyInAnyOrder(runs.get(1), "running");
    }

    @Test
    void actionsRunAfterTheCommitAlone() {
        RunRef run = WorkFixture.run("run");
        List<Long> seen = new ArrayList<>();
        Optional<String> result = work.database.inTransaction(null, tx -> {
            tx.publish(new RunCompleted(run), "");
            // Another connection sees the row after the commit alone.
            tx.afterCommit(() -> seen.add(work.count("select count(*) from outbox")));
            assertThat(seen).isEmpty();
            return Optional.of("result");
        });
        assertThat(result).contains("result");
        assertThat(seen).containsExactly(1L);

        assertThatThrownBy(() -> work.database.useTransaction(null, tx -> {
                    tx.afterCommit(() -> seen.add(-1L));
                    throw new IllegalStateException("rolled back");
                }))
                .hasMessage("rolled back");
        assertThat(seen).containsExactly(1L);
    }

    private static List<String> endedDaysAgo(int... days) {
        List<String> runs = new ArrayList<>();
        for (int ago : days) {
            RunRef run = WorkFixture.run("ended " + ago);
            runs.add(run.id());
            work.database.useTransaction(null, tx -> {
                tx.publish(new RunCompleted(run), "");
                tx.sql()
                        .execute(
                                "update ended_run set ended_at = now() - ? * interval '1 day' where run = ?",
                                ago,
                                run.id());
            });
        }
        return runs;
    }
}
