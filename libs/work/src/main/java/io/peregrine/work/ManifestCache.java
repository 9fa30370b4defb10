package io.peregrine.work;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.Manifest;
import io.peregrine.events.PipelineEvent.ManifestRef;
import jakarta.enterprise.context.ApplicationScoped;

/// The manifest of the run at work, read once: each of its jobs asks for it.
@ApplicationScoped
public class ManifestCache {
    private record Read(ManifestRef ref, Manifest manifest) {}

    private final ArtifactStore store;
    private volatile Read last;

    /// @param store to read manifests from
    public ManifestCache(ArtifactStore store) {
        this.store = store;
    }

    /// Opens a manifest, or gives the one that was opened last where it is the same.
    ///
    /// @throws io.peregrine.events.Failure as [Manifest#open]
    public Manifest open(ManifestRef ref) {
        Read known = last;
        if (known == null || !known.ref().equals(ref)) {
            known = new Read(ref, Manifest.open(store, ref));
            last = known;
        }
        return known.manifest();
    }
}
