package io.peregrine.work;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.FullDisk;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// The artifact store as a service uses it. Before an artifact gets its name, it records that the job's run
/// references the artifact. So at any moment a file that no table contains is unreferenced and may be pruned.
public final class ReferenceTrackingStore implements ArtifactStore {
    private final ArtifactStore store;
    private final Set<String> kinds;
    private volatile String fullDiskMessage;

    /// @param kinds kinds of artifacts that this service publishes
    public ReferenceTrackingStore(ArtifactStore store, Set<String> kinds) {
        this.store = store;
        this.kinds = Set.copyOf(kinds);
    }

    /// @return message of the last failure for lack of disk space; empty again after an artifact was published
    Optional<String> fullDiskMessage() {
        return Optional.ofNullable(fullDiskMessage);
    }

    @Override
    public ArtifactRef publish(String kind, String extension, Content content, Consumer<ArtifactRef> before) {
        try {
            ArtifactRef ref = publishNoted(kind, extension, content, before);
            fullDiskMessage = null;
            return ref;
        } catch (FailureException failure) {
            if (failure.code().equals(FullDisk.CODE)) {
                fullDiskMessage = failure.getMessage();
            }
            throw failure;
        }
    }

    private ArtifactRef publishNoted(String kind, String extension, Content content, Consumer<ArtifactRef> before) {
        Optional<JobContext> job = JobContext.current();
        if (job.isEmpty()) {
            return store.publish(kind, extension, content, before);
        }
        if (!kinds.contains(kind)) {
            throw new IllegalStateException(
                    "This service does not publish artifacts of kind '%s', only of %s. Add it to peregrine.work.kinds"
                            .formatted(kind, kinds));
        }
        ArtifactRef ref = store.publish(kind, extension, content, before.andThen(job.get()::reference));
        job.get().published(ref);
        return ref;
    }

    @Override
    public Path open(ArtifactRef ref) {
        return store.open(ref);
    }

    @Override
    public boolean holds(ArtifactRef ref) {
        return store.holds(ref);
    }

    @Override
    public void check(ArtifactRef ref) {
        store.check(ref);
    }

    @Override
    public List<Stored> list(String kind) {
        return store.list(kind);
    }

    @Override
    public void delete(Collection<String> uris) {
        store.delete(uris);
    }

    @Override
    public void mustBeWritable() {
        store.mustBeWritable();
    }

    @Override
    public Path disk() {
        return store.disk();
    }

    @Override
    public void close() {
        store.close();
    }
}
