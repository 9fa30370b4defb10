package io.peregrine.testkit;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Which of a run's checkpoints must be there once it is trained.
public final class Checkpoints {
    private Checkpoints() {}

    /// @param said all of a run, in their order
    /// @return of each network the best and the last
    public static Set<CheckpointPublished> kept(Collection<CheckpointPublished> said) {
        Map<String, CheckpointPublished> kept = new HashMap<>();
        for (CheckpointPublished checkpoint : said) {
            kept.put(checkpoint.network() + ", the last", checkpoint);
            if (checkpoint.best()) {
                kept.put(checkpoint.network() + ", the best", checkpoint);
            }
        }
        return Set.copyOf(kept.values());
    }

    /// @return names of their artifacts
    public static Set<String> uris(Collection<CheckpointPublished> checkpoints) {
        return checkpoints.stream()
                .map(CheckpointPublished::weights)
                .map(ArtifactRef::uri)
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
