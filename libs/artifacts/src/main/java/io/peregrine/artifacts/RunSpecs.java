package io.peregrine.artifacts;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.FailureException;
import io.peregrine.events.RunRef;
import io.peregrine.events.spec.RunSpec;
import java.io.IOException;
import java.nio.file.Files;

/// Specifications of runs in the store.
public final class RunSpecs {
    private RunSpecs() {}

    /// @return the run's specification, with every default filled in
    /// @throws FailureException as [ArtifactStore#open], or INTERNAL if the file is not a valid specification
    public static RunSpec open(ArtifactStore store, RunRef run) throws IOException {
        return RunSpec.read(Files.readAllBytes(store.open(run.spec())));
    }
}
