package io.peregrine.work.quarkus;

import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.PipelineEvent.ManifestRef;
import jakarta.enterprise.context.ApplicationScoped;

/// Caches the manifest of the current run: each of its jobs needs it.
@ApplicationScoped
public class ManifestCache {
    private record Read(ManifestRef ref, Manifest manifest) {}

    private final ArtifactStore store;
    private volatile Read last;

    /// @param store to read manifests from
    public ManifestCache(ArtifactStore store) {
        this.store = store;
    }

    /// Opens a manifest, or returns the last one opened if it is the same.
    ///
    /// @throws io.peregrine.events.FailureException as [Manifest#open]
    public Manifest open(ManifestRef ref) {
        Read known = last;
        if (known == null || !known.ref().equals(ref)) {
            known = new Read(ref, Manifest.open(store, ref));
            last = known;
        }
        return known.manifest();
    }
}
