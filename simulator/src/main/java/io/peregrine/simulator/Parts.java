package io.peregrine.simulator;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.work.Database;
import io.peregrine.work.GarbageCollector;
import io.peregrine.work.Inbox;
import java.nio.file.Path;

/// What a simulated process of a service is made from.
///
/// @param datasets folder below which datasets lie
public record Parts(Database database, ArtifactStore store, Inbox inbox, GarbageCollector pruning, Path datasets) {}
