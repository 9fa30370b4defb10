package io.peregrine.work;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import java.util.ArrayList;
import java.util.List;

/// Holds the artifacts that runs need, of the kinds that this service publishes, against their
/// names and the lengths in the database. A damaged file is moved away; publishing the dataset again replaces it.
public final class StoreCheck {
    /// How much is read at once, for whoever waits for the answer.
    private static final long PAGE_BYTES = 256L << 20;
    private static final int PAGE_ARTIFACTS = 1_000;

    /// @param code `ARTIFACT_MISSING` or `ARTIFACT_CORRUPT`
    /// @param detail one sentence with what was found
    /// @param runs that need it
    public record Fault(String uri, long bytes, String code, String detail, List<String> runs) {}

    /// @param artifacts that were read, and their bytes
    /// @param next where the next page begins; null after the last
    public record Page(long artifacts, long bytes, List<Fault> faults, String next) {}

    private final Database database;
    private final ArtifactStore store;

    public StoreCheck(Database database, ArtifactStore store) {
        this.database = database;
        this.store = store;
    }

    /// Reads some artifacts, in the order of their names.
    ///
    /// @param after `next` of the page before, empty for the first
    /// @throws Failure RESOURCE, if the store is away
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
                // Without any its last run has been deleted meanwhile, and it may well have been pruned.
                if (!runs.isEmpty()) {
                    faults.add(new Fault(ref.uri(), ref.bytes(), fault.code(), fault.getMessage(), runs));
                }
            }
        }
        boolean all = read == refs.size() && refs.size() < PAGE_ARTIFACTS;
        return new Page(read, bytes, faults, all ? null : refs.get(read - 1).uri());
    }
}
