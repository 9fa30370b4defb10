package io.peregrine.simulator;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.work.Database;
import io.peregrine.work.GarbageCollector;
import io.peregrine.work.Inbox;
import java.nio.file.Path;

/// Components for one simulated process of a service.
///
/// @param datasets folder that contains the datasets
public record Parts(Database database, ArtifactStore store, Inbox inbox, GarbageCollector pruning, Path datasets) {}
