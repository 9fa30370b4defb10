package io.peregrine.work.jobs;

import io.peregrine.artifacts.store.ArtifactPublisher.Content;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FullDisk;
import io.peregrine.artifacts.store.ReferenceRecorder;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import java.util.Optional;
import java.util.Set;

/// Where the jobs of a service publish their artifacts ([JobContext#publish]).
public final class JobArtifacts {
    private final ArtifactStore store;
    private final Set<String> kinds;
    private volatile String fullDiskMessage;

    /// @param kinds kinds of artifacts that this service publishes
    public JobArtifacts(ArtifactStore store, Set<String> kinds) {
        this.store = store;
        this.kinds = Set.copyOf(kinds);
    }

    /// @return message of the last failure for lack of disk space; empty again after an artifact was published
    public Optional<String> fullDiskMessage() {
        return Optional.ofNullable(fullDiskMessage);
    }

    /// @param reference commits that the job's run references the artifact
    /// @throws IllegalStateException if the service does not own the kind: no service would prune such artifacts
    ArtifactRef publish(String kind, String extension, Content content, ReferenceRecorder reference) {
        if (!kinds.contains(kind)) {
            throw new IllegalStateException(
                    "This service does not publish artifacts of kind '%s', only of %s. Add it to peregrine.work.kinds"
                            .formatted(kind, kinds));
        }
        try {
            ArtifactRef ref = store.publish(kind, extension, content, reference);
            fullDiskMessage = null;
            return ref;
        } catch (FailureException failure) {
            if (failure.code().equals(FullDisk.CODE)) {
                fullDiskMessage = failure.getMessage();
            }
            throw failure;
        }
    }
}
