package io.peregrine.simulator;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;

/// A store with [Bug#PUBLISH_BEFORE_REFERENCE]: it tells of an artifact after that has its name.
final class HastyStore implements ArtifactStore {
    private final ArtifactStore store;

    HastyStore(ArtifactStore store) {
        this.store = store;
    }

    @Override
    public ArtifactRef publish(String kind, String extension, Content content, Consumer<ArtifactRef> before) {
        ArtifactRef ref = store.publish(kind, extension, content);
        before.accept(ref);
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
}
