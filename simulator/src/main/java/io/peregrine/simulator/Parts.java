package io.peregrine.simulator;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.messaging.Inbox;
import io.peregrine.work.retention.GarbageCollector;
import java.nio.file.Path;

/// Components for one simulated process of a service.
///
/// @param datasets folder that contains the datasets
public record Parts(Database database, ArtifactStore store, Inbox inbox, GarbageCollector pruning, Path datasets) {}
