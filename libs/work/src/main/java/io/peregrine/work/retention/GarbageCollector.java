package io.peregrine.work.retention;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.ArtifactStore.Stored;
import io.peregrine.work.jobs.ArtifactReferences;
import io.peregrine.work.jobs.Database;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jboss.logging.Logger;
import org.jdbi.v3.core.Handle;

/// Deletes the artifacts that no run references, of the kinds that this service publishes, while jobs are
/// running.
///
/// First a transaction tombstones the names of unreferenced artifacts. Then their files are deleted. Then the
/// tombstones are removed and the names can be used again. A job that needs such a name in between waits, as it
/// does when the store is unavailable. Afterwards it finds the file or writes it again; it never relies on a file
/// that is about to be deleted.
public final class GarbageCollector {
    /// Grace period of orphans, files that no table contains. Writers add a row before the file exists, so that
    /// only files of an older version or of a write in progress have none.
    static final Duration GRACE_PERIOD = Duration.ofDays(1);

    private static final Logger LOG = Logger.getLogger(GarbageCollector.class);
    private static final int BATCH = 500;
    /// How long [#prune] waits for another pruning; longer than a [#sweep] takes.
    private static final Duration SWEEP = Duration.ofSeconds(3);
    private static final String LOCK = "hashtextextended('prune ' || current_schema(), 0)";

    /// A file that no run references.
    ///
    /// @param retained whether the file is retained for now: no table contains it and it is in its grace period
    public record Unreferenced(String uri, long bytes, Instant modified, boolean retained) {}

    /// Number and total bytes of artifacts.
    public record Usage(long artifacts, long bytes) {}

    private final Database database;
    private final ArtifactStore store;
    private final Set<String> kinds;

    /// @param kinds kinds of artifacts that only this service publishes
    public GarbageCollector(Database database, ArtifactStore store, Set<String> kinds) {
        this.database = database;
        this.store = store;
        this.kinds = Set.copyOf(kinds);
    }

    /// @return every file that no run references, ordered by name; nothing is deleted
    public List<Unreferenced> unreferenced() {
        // List the files first: each listed file had its row before it existed.
        List<Stored> files = files();
        return database.jdbi().withHandle(sql -> {
            Set<String> referenced = ArtifactReferences.referenced(sql);
            Set<String> known = known(sql);
            Instant graceStart = Instant.now().minus(GRACE_PERIOD);
            return files.stream()
                    .filter(file -> !referenced.contains(file.uri()))
                    .map(file -> new Unreferenced(
                            file.uri(),
                            file.bytes(),
                            file.modified(),
                            !known.contains(file.uri()) && file.modified().isAfter(graceStart)))
                    .sorted(Comparator.comparing(Unreferenced::uri))
                    .toList();
        });
    }

    /// @return the artifacts that a run references; none after this service has received its deletion
    public Usage usedOnlyBy(String run) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("""
                                select count(*) as artifacts, coalesce(sum(bytes), 0) as bytes
                                from artifact where uri in (select uri from needed where run = :run)""")
                        .bind("run", run)
                        .map((row, context) -> new Usage(row.getLong("artifacts"), row.getLong("bytes")))
                        .one());
    }

    /// Deletes unreferenced artifacts, and completes a pruning that died.
    ///
    /// @return empty if another pruning of this service is running
    public Optional<Usage> prune() {
        return exclusively(SWEEP, this::prune);
    }

    /// Deletes artifacts that were recorded and are no longer referenced. Does not list the store for orphans, so
    /// that the cost after a few removed references does not depend on the size of the store.
    ///
    /// @return whether the sweep is done; false if another pruning of this service is running
    public boolean sweep() {
        return exclusively(Duration.ZERO, sql -> {
                    deleteUnreferenced(sql, uris -> {});
                    return true;
                })
                .isPresent();
    }

    /// Completes a pruning that was killed. Until then, jobs that need one of its names wait. Tombstones nothing.
    ///
    /// @return whether the work is done; false if another pruning of this service is running
    public boolean finish() {
        if (database.jdbi().withHandle(ArtifactReferences::tombstones).isEmpty()) {
            return true;
        }
        return exclusively(Duration.ZERO, sql -> {
                    List<String> tombstones = ArtifactReferences.tombstones(sql);
                    store.delete(tombstones);
                    sql.useTransaction(tx -> ArtifactReferences.confirmDeleted(tx, tombstones));
                    return true;
                })
                .isPresent();
    }

    /// Runs pruning work while holding this service's pruning lock.
    ///
    /// @param timeout how long to wait for another pruning
    private <T> Optional<T> exclusively(Duration timeout, Function<Handle, T> work) {
        // The advisory lock belongs to this connection and spans several transactions. It is released when the
        // process ends.
        return database.jdbi().withHandle(sql -> {
            if (!lock(sql, timeout)) {
                return Optional.empty();
            }
            try {
                return Optional.of(work.apply(sql));
            } finally {
                lockQuery(sql, "select pg_advisory_unlock(%s)");
            }
        });
    }

    private static boolean lock(Handle sql, Duration timeout) {
        long start = System.nanoTime();
        while (!lockQuery(sql, "select pg_try_advisory_lock(%s)")) {
            if (System.nanoTime() - start >= timeout.toNanos()) {
                return false;
            }
            LockSupport.parkNanos(50_000_000);
        }
        return true;
    }

    private Usage prune(Handle sql) {
        Map<String, Long> bytesByUri = new HashMap<>();
        List<Stored> files = files();
        files.forEach(file -> bytesByUri.put(file.uri(), file.bytes()));
        Set<String> known = known(sql);
        Instant graceStart = Instant.now().minus(GRACE_PERIOD);
        List<Stored> orphans = files.stream()
                .filter(file -> !known.contains(file.uri()) && !file.modified().isAfter(graceStart))
                .toList();
        sql.useTransaction(tx -> ArtifactReferences.registerOrphans(tx, orphans));
        List<Long> deleted = new ArrayList<>();
        deleteUnreferenced(
                sql,
                uris -> uris.stream()
                        .map(bytesByUri::remove)
                        .filter(Objects::nonNull)
                        .forEach(deleted::add));
        Usage freed = new Usage(
                deleted.size(), deleted.stream().mapToLong(Long::longValue).sum());
        if (freed.artifacts() > 0) {
            LOG.infof("pruned artifacts=%d bytes=%d kinds=%s", freed.artifacts(), freed.bytes(), kinds);
        }
        return freed;
    }

    private void deleteUnreferenced(Handle sql, Consumer<List<String>> deleted) {
        List<String> batch = ArtifactReferences.tombstones(sql);
        do {
            store.delete(batch);
            List<String> uris = batch;
            sql.useTransaction(tx -> ArtifactReferences.confirmDeleted(tx, uris));
            deleted.accept(uris);
            batch = sql.inTransaction(tx -> ArtifactReferences.tombstone(tx, BATCH));
        } while (!batch.isEmpty());
    }

    private List<Stored> files() {
        return kinds.stream().map(store::list).flatMap(Collection::stream).toList();
    }

    private static Set<String> known(Handle sql) {
        Set<String> known = ArtifactReferences.known(sql);
        known.addAll(ArtifactReferences.tombstones(sql));
        return known;
    }

    private static boolean lockQuery(Handle sql, String query) {
        return sql.createQuery(query.formatted(LOCK)).mapTo(Boolean.class).one();
    }
}
