package io.peregrine.testkit;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Computes which checkpoints of a run must be in the store after its training.
public final class Checkpoints {
    private Checkpoints() {}

    /// @param published all checkpoints of a run, in order
    /// @return the best and the last checkpoint of each network
    public static Set<CheckpointPublished> kept(Collection<CheckpointPublished> published) {
        Map<String, CheckpointPublished> kept = new HashMap<>();
        for (CheckpointPublished checkpoint : published) {
            kept.put(checkpoint.network() + ", the last", checkpoint);
            if (checkpoint.best()) {
                kept.put(checkpoint.network() + ", the best", checkpoint);
            }
        }
        return Set.copyOf(kept.values());
    }

    /// @return URIs of their artifacts
    public static Set<String> uris(Collection<CheckpointPublished> checkpoints) {
        return checkpoints.stream()
                .map(CheckpointPublished::weights)
                .map(ArtifactRef::uri)
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
