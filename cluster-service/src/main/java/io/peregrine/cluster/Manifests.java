package io.peregrine.cluster;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.Manifest;
import io.peregrine.events.PipelineEvent.ManifestRef;
import jakarta.enterprise.context.ApplicationScoped;

/// The manifest of the run at work, read once: each of its encoding jobs asks for it.
@ApplicationScoped
class Manifests {
    private record Read(ManifestRef ref, Manifest manifest) {}

    private final ArtifactStore store;
    private volatile Read last;

    Manifests(ArtifactStore store) {
        this.store = store;
    }

    /// @throws io.peregrine.events.Failure as [Manifest#open]
    Manifest open(ManifestRef ref) {
        Read known = last;
        if (known == null || !known.ref().equals(ref)) {
            known = new Read(ref, Manifest.open(store, ref));
            last = known;
        }
        return known.manifest();
    }
}
