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

/// The store as a service sees it: what a job publishes is noted as needed by the job's run
/// before it gets its name. So whatever lies in the store and is noted nowhere is needed by
/// nobody, at any moment, and may be pruned.
public final class ReferenceTrackingStore implements ArtifactStore {
    private final ArtifactStore store;
    private final Set<String> kinds;
    private volatile String fullDiskMessage;

    /// @param kinds that this service publishes
    public ReferenceTrackingStore(ArtifactStore store, Set<String> kinds) {
        this.store = store;
        this.kinds = Set.copyOf(kinds);
    }

    /// @return what was said when the store last had no room; empty again once something was published
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
                    "'%s' is none of the kinds that this service publishes, %s: name it in peregrine.work.kinds"
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
