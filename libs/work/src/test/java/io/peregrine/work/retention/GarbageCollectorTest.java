package io.peregrine.work.retention;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.RunRef;
import io.peregrine.work.jobs.ArtifactReferences;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.JobArtifacts;
import io.peregrine.work.jobs.WorkFixture;
import io.peregrine.work.jobs.Worker;
import io.peregrine.work.retention.GarbageCollector.Unreferenced;
import io.peregrine.work.retention.GarbageCollector.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Unreferenced artifacts are deleted and referenced ones are kept, also under concurrency.
class GarbageCollectorTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private static WorkFixture work;

    @TempDir
    Path folder;

    private JobArtifacts artifacts;
    private GarbageCollector pruning;

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
        ArtifactStore store = new FileStore(folder);
        artifacts = new JobArtifacts(store, WorkFixture.KINDS);
        pruning = new GarbageCollector(work.database, store, WorkFixture.KINDS);
    }

    /// Publishes a note in a job of the run.
    private ArtifactRef publish(RunRef run, String text) {
        List<ArtifactRef> published = new ArrayList<>();
        work.add(run, "write", text);
        try (Worker worker = work.worker("writer", LONG, artifacts, "write", job -> {
            published.add(job.publish("note", "txt", job.job().key().getBytes(UTF_8)));
            job.complete(tx -> {});
        })) {
            worker.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state <> 'done'") == 0);
        }
        return published.getFirst();
    }

    private static void delete(RunRef run) {
        work.database.useTransaction(null, tx -> tx.publish(new RunCancelled(run, "a test"), ""));
        work.database.useTransaction(null, tx -> assertThat(tx.delete(run)).isTrue());
    }

    private List<String> files() {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> "store:" + folder.relativize(file))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void anArtifactOfTwoRunsIsKeptUntilBothAreDeleted() {
        RunRef one = WorkFixture.run("one");
        RunRef two = WorkFixture.run("two");
        ArtifactRef shared = publish(one, "shared");
        ArtifactRef own = publish(one, "of the first alone");
        assertThat(publish(two, "shared")).isEqualTo(shared);
        assertThat(pruning.unreferenced()).isEmpty();
        assertThat(pruning.prune()).contains(new Usage(0, 0));

        delete(one);
        assertThat(pruning.unreferenced()).extracting(Unreferenced::uri).containsExactly(own.uri());
        assertThat(pruning.prune()).contains(new Usage(1, own.bytes()));
        assertThat(files()).containsExactly(shared.uri());

        delete(two);
        assertThat(pruning.prune()).contains(new Usage(1, shared.bytes()));
        assertThat(files()).isEmpty();
        assertThat(work.count("select count(*) from artifact")).isZero();
        assertThat(work.count("select count(*) from tombstone")).isZero();
    }

    @Test
    void anArtifactThatAJobReleasesIsDeletedUnlessReferencedElsewhere() {
        RunRef run = WorkFixture.run("one");
        ArtifactRef otherJobs = publish(run, "of two jobs");
        ArtifactRef otherRuns = publish(WorkFixture.run("two"), "of two runs");
        List<ArtifactRef> given = new ArrayList<>();
        List<ArtifactRef> kept = new ArrayList<>();
        work.add(run, "write", "several");
        try (Worker worker = work.worker("writer", LONG, artifacts, "write", job -> {
            // A failed attempt leaves an artifact that no event refers to; the retry publishes another one.
            given.add(job.publish("note", "txt", ("attempt " + job.job().attempt()).getBytes(UTF_8)));
            if (job.job().attempt() == 1) {
                throw new IllegalStateException("dies here");
            }
            kept.add(job.publish("note", "txt", "kept".getBytes(UTF_8)));
            job.publish("note", "txt", "of two jobs".getBytes(UTF_8));
            job.publish("note", "txt", "of two runs".getBytes(UTF_8));
            job.complete(tx -> job.retainOnly(tx, List.of(kept.getFirst().uri())));
        })) {
            worker.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state <> 'done'") == 0);
        }
        assertThat(given).doesNotHaveDuplicates().hasSize(2);
        assertThat(files()).hasSize(5);
        assertThat(pruning.usedOnlyBy(run.id()).artifacts()).isEqualTo(2);

        assertThat(pruning.sweep()).isTrue();
        assertThat(files())
                .containsExactlyInAnyOrder(
                        otherJobs.uri(), otherRuns.uri(), kept.getFirst().uri());
        assertThat(pruning.prune()).contains(new Usage(0, 0));
    }

    @Test
    void aSweepIgnoresOrphans() throws IOException {
        Path stray = Files.createDirectories(folder.resolve("note/ab")).resolve("ab".repeat(32) + ".txt");
        Files.writeString(stray, "whose?");
        Files.setLastModifiedTime(stray, FileTime.from(Instant.now().minus(GarbageCollector.GRACE_PERIOD)));
        assertThat(pruning.sweep()).isTrue();
        assertThat(stray).exists();
    }

    @Test
    void anArtifactIsReferencedBeforeItIsPublished() throws Exception {
        // The last step, the rename, fails.
        Files.createFile(folder.resolve("note"));
        RunRef run = WorkFixture.run("refused");
        work.add(run, "write", "never there");
        try (Worker worker = work.worker("writer", LONG, artifacts, "write", job -> {
            job.publish("note", "txt", "never there".getBytes(UTF_8));
            job.complete(tx -> {});
        })) {
            worker.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where waits > 0") == 1);
        }
        assertThat(work.count("select count(*) from needed join artifact using (uri) where not published"))
                .isEqualTo(1);
    }

    @Test
    void aJobPublishesOnlyKindsOfItsService() {
        RunRef run = WorkFixture.run("foreign");
        work.add(run, "write", "pack");
        try (Worker worker = work.worker("writer", LONG, artifacts, "write", job -> {
            job.publish("pack", "safetensors", new byte[1]);
            job.complete(tx -> {});
        })) {
            worker.start(1);
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state = 'failed'") == 1);
        }
        assertThat(work.strings("select error from job").getFirst())
                .contains("does not publish artifacts of kind 'pack'");
    }

    @Test
    void orphansAreRetainedForADay() throws IOException {
        Path stray = Files.createDirectories(folder.resolve("note/ab")).resolve("ab".repeat(32) + ".txt");
        Files.writeString(stray, "whose?");
        assertThat(pruning.unreferenced())
                .singleElement()
                .satisfies(one -> assertThat(one.retained()).isTrue());
        assertThat(pruning.prune()).contains(new Usage(0, 0));

        Files.setLastModifiedTime(stray, FileTime.from(Instant.now().minus(GarbageCollector.GRACE_PERIOD)));
        assertThat(pruning.unreferenced())
                .singleElement()
                .satisfies(one -> assertThat(one.retained()).isFalse());
        assertThat(pruning.prune()).contains(new Usage(1, 6));
        assertThat(stray).doesNotExist();
    }

    @Test
    void aTombstonedArtifactCannotBeReferencedUntilItIsDeleted() {
        RunRef run = WorkFixture.run("one");
        RunRef next = WorkFixture.run("next");
        ArtifactRef ref = publish(run, "tombstoned");
        delete(run);
        List<String> tombstoned = work.database.jdbi().inTransaction(sql -> ArtifactReferences.tombstone(sql, 10));
        assertThat(tombstoned).containsExactly(ref.uri());

        // Its file still exists and may be deleted at any moment.
        assertThatThrownBy(() -> need(next, ref))
                .isInstanceOfSatisfying(
                        FailureException.class, f -> assertThat(f.code()).isEqualTo("ARTIFACT_BEING_DELETED"));
        // The pruning that tombstoned it has died: the next one completes it.
        assertThat(pruning.unreferenced()).extracting(Unreferenced::uri).containsExactly(ref.uri());
        assertThat(pruning.prune()).contains(new Usage(1, ref.bytes()));
        assertThat(files()).isEmpty();
        need(next, ref);
    }

    @Test
    void tombstonesOfAKilledPruningAreDeletedWithoutAnotherPruning() {
        RunRef run = WorkFixture.run("one");
        ArtifactRef tombstoned = publish(run, "tombstoned");
        delete(run);
        work.database.jdbi().useTransaction(sql -> ArtifactReferences.tombstone(sql, 10));
        RunRef other = WorkFixture.run("other");
        ArtifactRef unreferenced = publish(other, "unreferenced");
        delete(other);

        assertThat(pruning.finish()).isTrue();

        assertThat(pruning.unreferenced()).extracting(Unreferenced::uri).containsExactly(unreferenced.uri());
        need(WorkFixture.run("next"), tombstoned);
        assertThat(pruning.finish()).isTrue();
    }

    private static void need(RunRef run, ArtifactRef ref) {
        work.database.useTransaction(null, tx -> ArtifactReferences.add(tx.sql(), run.id(), 0, ref));
    }

    @Test
    void anArtifactReferencedInAnOpenTransactionIsNotTombstoned() {
        RunRef run = WorkFixture.run("one");
        ArtifactRef ref = publish(run, "taken up");
        delete(run);
        try (Handle open = work.database.jdbi().open()) {
            open.begin();
            ArtifactReferences.add(open, WorkFixture.run("two").id(), 0, ref);
            assertThat(pruning.prune()).contains(new Usage(0, 0));
            open.commit();
        }
        assertThat(pruning.prune()).contains(new Usage(0, 0));
        assertThat(files()).containsExactly(ref.uri());
    }

    @Test
    void onePruningAtATime() {
        try (Handle other = work.database.jdbi().open()) {
            other.execute("select pg_advisory_lock(hashtextextended('prune ' || current_schema(), 0))");
            assertThat(pruning.sweep()).isFalse();
            assertThat(pruning.prune()).isEmpty();
        }
        assertThat(pruning.prune()).isPresent();
    }

    @Test
    void aPruningWaitsForASweep() {
        try (Handle other = work.database.jdbi().open()) {
            other.execute("select pg_advisory_lock(hashtextextended('prune ' || current_schema(), 0))");
            CompletableFuture<Optional<Usage>> asked = CompletableFuture.supplyAsync(pruning::prune);
            // It has been refused the lock, and keeps its connection to ask again.
            await().until(() -> work.count("""
                select count(*) from pg_stat_activity
                where state = 'idle' and query like 'select pg_try_advisory_lock%'
                """) == 1);
            assertThat(asked).isNotDone();
            other.execute("select pg_advisory_unlock(hashtextextended('prune ' || current_schema(), 0))");
            assertThat(asked.join()).contains(new Usage(0, 0));
        }
    }

    /// Runs publish, reference and release sixteen contents again and again, while pruning runs all the time.
    @Test
    void noReferencedArtifactIsPrunedWhileJobsPublishAndRunsAreDeleted() {
        Random random = new Random(11);
        AtomicLong pruned = new AtomicLong();
        Thread pruner = Thread.ofPlatform().start(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                pruning.prune().ifPresent(all -> pruned.addAndGet(all.artifacts()));
            }
        });
        List<RunRef> alive = new ArrayList<>();
        List<String> missing = new java.util.concurrent.CopyOnWriteArrayList<>();
        try (Worker worker = work.worker("writers", LONG, artifacts, "write", job -> {
            ArtifactRef ref = job.publish("note", "txt", job.job().key().getBytes(UTF_8));
            // The job's run exists, so another process can open what the job has published.
            try {
                new FileStore(folder).open(ref);
            } catch (FailureException gone) {
                missing.add(gone.getMessage());
            }
            job.complete(tx -> {});
        })) {
            worker.start(4);
            for (int round = 0; round < 150; round++) {
                RunRef run = WorkFixture.run("run " + round);
                alive.add(run);
                for (int i = 0; i < 3; i++) {
                    work.add(run, "write", "content " + random.nextInt(16));
                }
                if (alive.size() > 3) {
                    RunRef oldest = alive.removeFirst();
                    String open =
                            "select count(*) from job where run = '%s' and state <> 'done'".formatted(oldest.id());
                    await().pollInterval(Duration.ofMillis(2)).atMost(LONG).until(() -> work.count(open) == 0);
                    delete(oldest);
                }
            }
            await().atMost(LONG).until(() -> work.count("select count(*) from job where state <> 'done'") == 0);
        } finally {
            pruner.interrupt();
        }
        await().atMost(LONG).until(() -> !pruner.isAlive());
        assertThat(pruned).hasPositiveValue();
        assertThat(missing).isEmpty();
        pruning.prune();
        assertThat(files()).isEqualTo(work.strings("select distinct uri from needed order by uri"));

        alive.forEach(GarbageCollectorTest::delete);
        pruning.prune();
        assertThat(files()).isEmpty();
    }

    @Test
    void referencesOfOlderVersionsAreRestoredFromTheOutbox() throws SQLException {
        RunRef run = WorkFixture.run("a \0 in its name");
        try (Connection postgres = work.postgres.connect("postgres")) {
            postgres.createStatement().execute("create schema before authorization ingest");
            org.postgresql.ds.PGSimpleDataSource before = new org.postgresql.ds.PGSimpleDataSource();
            before.setUrl(work.postgres.url());
            before.setUser("ingest");
            before.setPassword(work.postgres.password("ingest"));
            before.setCurrentSchema("before");
            WorkFixture.migrations(before).target("20261125").load().migrate();
            Database database = new Database(before);
            database.useTransaction(
                    null,
                    tx -> tx.sql()
                            .createUpdate("""
                            insert into outbox (id, run, type, terminal, data) values ('one', :run, 'x', false, :data),
                                ('two', :run, 'x', false, :data)""")
                            .bind("run", run.id())
                            // The outbox contains two references to one artifact of kind 'shard', and none to an
                            // artifact of another kind of this service.
                            .bind("data", EventCodec.data(WorkFixture.shard(run, 3)))
                            .execute());
            WorkFixture.migrations(before).load().migrate();

            List<String> needed = database.jdbi()
                    .withHandle(sql -> sql.createQuery("""
                            select needed.run || ' ' || uri || ' ' || bytes || ' ' || published
                            from needed join artifact using (uri)""").mapTo(String.class).list());
            assertThat(needed).containsExactly(run.id() + " " + WorkFixture.REF.uri() + " 7 true");
        }
    }
}
