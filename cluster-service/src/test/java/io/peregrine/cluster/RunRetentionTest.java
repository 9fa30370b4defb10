package io.peregrine.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.WithKafka;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.retention.Retention;
import io.peregrine.work.retention.RetentionRule;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Thirty days of runs in the catalogue, simulated in seconds. At full size: `mvn test -pl cluster-service -am
/// -Dtest=RunRetentionTest -Dretention.runs=1000 -Dsurefire.failIfNoSpecifiedTests=false`.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "cluster"))
class RunRetentionTest extends WithKafka {
    private static final int RUNS_PER_DAY = Integer.getInteger("retention.runs", 2);
    private static final int DAYS = 30;
    private static final int RUN_RETENTION = 10;

    /// A run of 60 images in 4 classes and one pack: 259 rows, in every table that grows with images or time.
    private static final List<String> RUN_ROWS = List.of("""
            run (id, dataset, created, state, ended, images, refused, requested, spec, manifest)
            select run, 'retained', at - interval '1 minute', 'completed', at, 60, 0, '{}',
                null, '{}' from day""", """
            ended_run (run, type, ended_at) select run, 'io.peregrine.run.completed.v1', at from day""", """
            timeline (run, source, id, type, time, text)
            select run, '/peregrine/trainer-service', md5(run || n),
                case when n <= 12 then 'io.peregrine.shard.written.v1' else 'io.peregrine.stage.progressed.v1' end,
                at - n * interval '1 second', repeat('t', 60) from day, generate_series(1, 60) n""", """
            progress (run, stage, task, done, total, measures, time)
            select run, 'train', n::text, 1, 1, '{}', at from day, generate_series(1, 8) n""", """
            class (run, label, place, train) select run, n::text, n, 15 from day, generate_series(1, 4) n""", """
            pack (run, number, pixels, encoded) select run, 0, '{}', true from day""", """
            image (run, image_id, row, label, split, source, sha256, pack, index)
            select run, md5(n::text), n, 'c', 'train', n || '.png', repeat('a', 64), 0, n
            from day, generate_series(1, 60) n""", """
            checkpoint (run, network, epoch, epochs, best, last, weights, measures, time)
            select run, 'classifier', n, 4, true, false, '{}', '{}', at from day, generate_series(1, 4) n""", """
            latent (run, row, latent) select run, n, array_fill(1.5::real, array[20]) from day, generate_series(1, 60) n""", """
            point (run, row, cluster, distance, x, y, z)
            select run, n, 0, n, 0, 0, 0 from day, generate_series(1, 60) n""");

    @Inject
    Database database;

    @AfterEach
    void deleteAll() {
        removeExpired(ClusterRetention.runs(Optional.of(Duration.ZERO)), 0);
    }

    /// @param daysAgo age of all rows of the simulated day
    private Map<String, Long> removeExpired(RetentionRule runs, int daysAgo) {
        Duration past = Duration.ofDays(daysAgo);
        Duration week = Duration.ofDays(7).plus(past);
        Duration three = Duration.ofDays(21).plus(past);
        Retention.Ages ages = new Retention.Ages(three, week, week, three, three, three);
        return new Retention(
                        database,
                        ages,
                        List.of(ClusterRetention.latents(week), ClusterRetention.progress(week), runs),
                        (table, rows) -> {})
                .removeExpired();
    }

    @Test
    void catalogueStopsGrowingAfterThirtyDays() {
        List<Map<String, Long>> rows = new ArrayList<>();
        List<Map<String, Long>> bytes = new ArrayList<>();
        for (int day = 0; day < DAYS; day++) {
            int daysAgo = DAYS - 1 - day;
            insertDay(daysAgo);
            removeExpired(ClusterRetention.runs(Optional.of(Duration.ofDays(RUN_RETENTION + daysAgo))), daysAgo);
            database.jdbi().useHandle(sql -> sql.execute("vacuum run, timeline, image, latent, point, ended_run"));
            rows.add(ofRuns(
                    "(select count(*) from %1$s where %2$s in (select id from run where dataset = 'retained'))"));
            bytes.add(ofRuns("pg_total_relation_size('%1$s')"));
            System.out.printf("day %2d  rows %s  bytes %s%n", day + 1, rows.getLast(), bytes.getLast());
        }
        Map<String, Long> expected = new TreeMap<>();
        int kept = RUN_RETENTION * RUNS_PER_DAY;
        Map.of("run", 1, "progress", 8, "class", 4, "pack", 1, "image", 60, "checkpoint", 4, "point", 60)
                .forEach((table, each) -> expected.put(table, (long) each * kept));
        // Of runs that ended more than a week ago only the results remain.
        expected.put("latent", 60L * 7 * RUNS_PER_DAY);
        expected.put("timeline", 12L * kept + 48L * 7 * RUNS_PER_DAY);
        assertThat(rows.getLast()).isEqualTo(expected).isEqualTo(rows.get(DAYS - 10));
        for (String table : List.of("image", "timeline", "point", "latent")) {
            assertThat(bytes.getLast().get(table))
                    .as("bytes of %s", table)
                    .isLessThanOrEqualTo(bytes.get(DAYS - 10).get(table) * 12 / 10);
        }
    }

    @Test
    void resultsStayWithoutRunRetention() {
        insertDay(400);
        Map<String, Long> before =
                ofRuns("(select count(*) from %1$s where %2$s in (select id from run where dataset = 'retained'))");

        Map<String, Long> removed = removeExpired(ClusterRetention.runs(Optional.empty()), 0);

        assertThat(removed)
                .containsEntry("latent", 60L * RUNS_PER_DAY)
                .containsEntry("timeline", 48L * RUNS_PER_DAY)
                .doesNotContainKeys("run", "ended_run");
        Map<String, Long> after =
                ofRuns("(select count(*) from %1$s where %2$s in (select id from run where dataset = 'retained'))");
        before.put("latent", 0L);
        before.merge("timeline", -48L * RUNS_PER_DAY, Long::sum);
        assertThat(after).isEqualTo(before);
    }

    private void insertDay(int daysAgo) {
        database.jdbi()
                .useTransaction(sql -> RUN_ROWS.forEach(rows -> sql.createUpdate("""
                        with day as (
                            select md5('retained' || :days || '/' || r) as run,
                                now() - :days * interval '1 day' - interval '1 hour' as at
                            from generate_series(1, :runs) r)
                        insert into\s""" + rows)
                        .bind("days", daysAgo)
                        .bind("runs", RUNS_PER_DAY)
                        .execute()));
    }

    private Map<String, Long> ofRuns(String value) {
        Map<String, Long> all = new TreeMap<>();
        for (String table :
                List.of("run", "timeline", "progress", "class", "pack", "image", "checkpoint", "latent", "point")) {
            String statement = "select " + value.formatted(table, table.equals("run") ? "id" : "run");
            all.put(
                    table,
                    database.jdbi()
                            .withHandle(sql ->
                                    sql.createQuery(statement).mapTo(Long.class).one()));
        }
        return all;
    }
}
