package io.peregrine.artifacts.store;

import io.peregrine.events.ArtifactRef;

/// Records that an artifact is referenced, before the artifact gets its name in the store.
@FunctionalInterface
public interface ReferenceRecorder {
    /// For artifacts of a store that no service prunes, such as the cache of a bucket.
    ReferenceRecorder NONE = ref -> {};

    /// Commits the reference. When this method returns, the artifact is protected from pruning.
    ///
    /// @param ref an artifact whose content is complete and which has no name yet
    /// @throws RuntimeException if the reference cannot be recorded; then the artifact is not published
    void record(ArtifactRef ref);
}
