package io.peregrine.work;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// The store as a service sees it: what a job publishes is noted as needed by the job's run
/// before it gets its name. So whatever lies in the store and is noted nowhere is needed by
/// nobody, at any moment, and may be pruned.
public final class NeededStore implements ArtifactStore {
    private final ArtifactStore store;
    private final Set<String> kinds;

    /// @param kinds that this service publishes
    public NeededStore(ArtifactStore store, Set<String> kinds) {
        this.store = store;
        this.kinds = Set.copyOf(kinds);
    }

    @Override
    public ArtifactRef publish(String kind, String extension, Content content, Consumer<ArtifactRef> before) {
        Optional<JobContext> job = JobContext.atWork();
        if (job.isEmpty()) {
            return store.publish(kind, extension, content, before);
        }
        if (!kinds.contains(kind)) {
            throw new IllegalStateException(
                    "'%s' is none of the kinds that this service publishes, %s: name it in peregrine.work.kinds"
                            .formatted(kind, kinds));
        }
        ArtifactRef ref = store.publish(kind, extension, content, before.andThen(job.get()::needs));
        job.get().published(ref);
        return ref;
    }

    @Override
    public Path open(ArtifactRef ref) {
        return store.open(ref);
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
    public Path disk() {
        return store.disk();
    }

    @Override
    public void close() {
        store.close();
    }
}
