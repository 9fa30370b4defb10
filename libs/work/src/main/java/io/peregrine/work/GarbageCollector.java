package io.peregrine.work;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.ArtifactStore.Stored;
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

/// Deletes the artifacts that no run needs, of the kinds that this service publishes, while jobs
/// go on.
///
/// First a transaction condemns names that nobody needs, then their files are deleted, then the
/// names are free again. A job that wants one in between waits, as for a store that is away; so
/// it finds the file or writes it anew, and never relies on one that is about to go.
public final class GarbageCollector {
    /// How long files are spared that no table knows. Writers note what they write before it is
    /// there; this is for those that do not: an older version's, and whoever writes aside just
    /// now.
    static final Duration GRACE_PERIOD = Duration.ofDays(1);

    private static final Logger LOG = Logger.getLogger(GarbageCollector.class);
    private static final int BATCH = 500;
    /// How long a pruning waits for another: longer than a [#sweep] takes.
    private static final Duration SWEEP = Duration.ofSeconds(3);
    private static final String LOCK = "hashtextextended('prune ' || current_schema(), 0)";

    /// A file that no run needs.
    ///
    /// @param spared whether it is left alone for now: no table knows it, and it is young
    public record Unreferenced(String uri, long bytes, Instant modified, boolean spared) {}

    /// So many artifacts, of so many bytes.
    public record Usage(long artifacts, long bytes) {}

    private final Database database;
    private final ArtifactStore store;
    private final Set<String> kinds;

    /// @param kinds that this service publishes, and no other does
    public GarbageCollector(Database database, ArtifactStore store, Set<String> kinds) {
        this.database = database;
        this.store = store;
        this.kinds = Set.copyOf(kinds);
    }

    /// @return every file that no run needs, in the order of their names; nothing is deleted
    public List<Unreferenced> unreferenced() {
        // The files first: one that is listed was noted before.
        List<Stored> files = files();
        return database.jdbi().withHandle(sql -> {
            Set<String> needed = ArtifactReferences.referenced(sql);
            Set<String> known = known(sql);
            Instant young = Instant.now().minus(GRACE_PERIOD);
            return files.stream()
                    .filter(file -> !needed.contains(file.uri()))
                    .map(file -> new Unreferenced(
                            file.uri(),
                            file.bytes(),
                            file.modified(),
                            !known.contains(file.uri()) && file.modified().isAfter(young)))
                    .sorted(Comparator.comparing(Unreferenced::uri))
                    .toList();
        });
    }

    /// @return what a run needs; nothing, once it is deleted and this service has heard of it
    public Usage usedOnlyBy(String run) {
        return database.jdbi().withHandle(sql -> ArtifactReferences.usedOnlyBy(sql, run));
    }

    /// Deletes what no run needs. What was begun by a pruning that died is brought to its end.
    ///
    /// @return empty, if another pruning of this service is at work
    public Optional<Usage> prune() {
        return exclusively(SWEEP, this::prune);
    }

    /// Deletes what was noted once and no run needs any more. Looks for no other files: after a
    /// few were given up this is cheap, however much the store holds.
    ///
    /// @return whether it is done: not while another pruning of this service is at work
    public boolean sweep() {
        return exclusively(Duration.ZERO, sql -> {
                    deleteUnreferenced(sql, gone -> {});
                    return true;
                })
                .isPresent();
    }

    /// Ends what a pruning began that was killed: until then jobs that want one of its names wait. Condemns
    /// nothing.
    ///
    /// @return whether it is done: not while another pruning of this service is at work
    public boolean finish() {
        if (database.jdbi().withHandle(ArtifactReferences::tombstones).isEmpty()) {
            return true;
        }
        return exclusively(Duration.ZERO, sql -> {
                    List<String> begun = ArtifactReferences.tombstones(sql);
                    store.delete(begun);
                    sql.useTransaction(tx -> ArtifactReferences.confirmDeleted(tx, begun));
                    return true;
                })
                .isPresent();
    }

    /// Does some of this service's pruning while nobody else does.
    ///
    /// @param patience how long another is waited for
    private <T> Optional<T> exclusively(Duration patience, Function<Handle, T> work) {
        // The lock is this connection's, over several transactions: it goes with the process.
        return database.jdbi().withHandle(sql -> {
            if (!lock(sql, patience)) {
                return Optional.empty();
            }
            try {
                return Optional.of(work.apply(sql));
            } finally {
                ask(sql, "select pg_advisory_unlock(%s)");
            }
        });
    }

    private static boolean lock(Handle sql, Duration patience) {
        long began = System.nanoTime();
        while (!ask(sql, "select pg_try_advisory_lock(%s)")) {
            if (System.nanoTime() - began >= patience.toNanos()) {
                return false;
            }
            LockSupport.parkNanos(50_000_000);
        }
        return true;
    }

    private Usage prune(Handle sql) {
        Map<String, Long> there = new HashMap<>();
        List<Stored> files = files();
        files.forEach(file -> there.put(file.uri(), file.bytes()));
        Set<String> known = known(sql);
        Instant young = Instant.now().minus(GRACE_PERIOD);
        List<Stored> strays = files.stream()
                .filter(file -> !known.contains(file.uri()) && !file.modified().isAfter(young))
                .toList();
        sql.useTransaction(tx -> ArtifactReferences.registerOrphans(tx, strays));
        List<Long> deleted = new ArrayList<>();
        deleteUnreferenced(
                sql,
                gone -> gone.stream()
                        .map(there::remove)
                        .filter(Objects::nonNull)
                        .forEach(deleted::add));
        Usage sum = new Usage(
                deleted.size(), deleted.stream().mapToLong(Long::longValue).sum());
        if (sum.artifacts() > 0) {
            LOG.infof("pruned artifacts=%d bytes=%d kinds=%s", sum.artifacts(), sum.bytes(), kinds);
        }
        return sum;
    }

    private void deleteUnreferenced(Handle sql, Consumer<List<String>> deleted) {
        List<String> batch = ArtifactReferences.tombstones(sql);
        do {
            store.delete(batch);
            List<String> gone = batch;
            sql.useTransaction(tx -> ArtifactReferences.confirmDeleted(tx, gone));
            deleted.accept(gone);
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

    private static boolean ask(Handle sql, String question) {
        return sql.createQuery(question.formatted(LOCK)).mapTo(Boolean.class).one();
    }
}
