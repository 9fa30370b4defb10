package io.peregrine.work.retention;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.work.jobs.ArtifactReferences;
import io.peregrine.work.jobs.Database;
import java.util.ArrayList;
import java.util.List;

/// Verifies the referenced artifacts of the kinds that this service publishes: their content against the hash in
/// their names, and their lengths against the database. A damaged file is moved away; publishing the dataset
/// again replaces it.
public final class StoreCheck {
    /// Amount read per page; it limits how long a client waits for the response.
    private static final long PAGE_BYTES = 256L << 20;
    private static final int PAGE_ARTIFACTS = 1_000;

    /// @param code `ARTIFACT_MISSING` or `ARTIFACT_CORRUPT`
    /// @param detail one sentence that states the fault
    /// @param runs runs that reference the artifact
    public record Fault(String uri, long bytes, String code, String detail, List<String> runs) {}

    /// @param artifacts number of artifacts that were read
    /// @param bytes total bytes of these artifacts
    /// @param next where the next page begins; null after the last page
    public record Page(long artifacts, long bytes, List<Fault> faults, String next) {}

    private final Database database;
    private final ArtifactStore store;

    public StoreCheck(Database database, ArtifactStore store) {
        this.database = database;
        this.store = store;
    }

    /// Reads some artifacts, ordered by name.
    ///
    /// @param after `next` of the previous page, empty for the first page
    /// @throws FailureException RESOURCE if the store is unavailable
    public Page check(String after) {
        List<ArtifactRef> refs =
                database.jdbi().withHandle(sql -> ArtifactReferences.referenced(sql, after, PAGE_ARTIFACTS));
        List<Fault> faults = new ArrayList<>();
        long bytes = 0;
        int read = 0;
        while (read < refs.size() && bytes < PAGE_BYTES) {
            ArtifactRef ref = refs.get(read++);
            bytes += ref.bytes();
            try {
                store.check(ref);
            } catch (FailureException fault) {
                if (fault.kind() == FailureKind.RESOURCE) {
                    throw fault;
                }
                List<String> runs = database.jdbi().withHandle(sql -> ArtifactReferences.runs(sql, ref.uri()));
                // If no run references it, its last run was deleted meanwhile, and the artifact may have been
                // pruned.
                if (!runs.isEmpty()) {
                    faults.add(new Fault(ref.uri(), ref.bytes(), fault.code(), fault.getMessage(), runs));
                }
            }
        }
        boolean all = read == refs.size() && refs.size() < PAGE_ARTIFACTS;
        return new Page(read, bytes, faults, all ? null : refs.get(read - 1).uri());
    }
}
