package io.peregrine.events;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// The five topics. They are created explicitly, never by auto-creation.
public final class Topics {
    public static final String DATASETS = "peregrine.datasets";
    public static final String IMAGES = "peregrine.images";
    public static final String SHARDS = "peregrine.shards";
    public static final String CHECKPOINTS = "peregrine.checkpoints";
    public static final String RUNS = "peregrine.runs";

    private static final SequencedMap<String, Integer> PARTITIONS = new LinkedHashMap<>();

    static {
        PARTITIONS.put(DATASETS, 1);
        PARTITIONS.put(IMAGES, 6);
        PARTITIONS.put(SHARDS, 6);
        PARTITIONS.put(CHECKPOINTS, 6);
        PARTITIONS.put(RUNS, 6);
    }

    private Topics() {}

    /// @return number of partitions by topic, in the order of the pipeline
    public static Map<String, Integer> partitions() {
        return java.util.Collections.unmodifiableSequencedMap(PARTITIONS);
    }
}
