package io.peregrine.ingest;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.events.spec.RunSpec.WeightsSource;
import io.peregrine.ingest.dataset.AllowedRoots;
import io.peregrine.work.jobs.JobContext;
import jakarta.inject.Singleton;
import java.nio.file.Files;
import java.nio.file.Path;

/// Initial weights that a user gives for a training. They are copied into the store together with the run that
/// names them. The run stays reproducible even if the file moves, and a trainer on another machine finds them.
@Singleton
public class InitialWeights {
    private final ArtifactStore store;
    private final AllowedRoots roots;

    InitialWeights(ArtifactStore store, AllowedRoots roots) {
        this.store = store;
        this.roots = roots;
    }

    /// Checks that the weights of a training exist and can be read. The trainer, which knows the network, checks
    /// whether they fit it.
    ///
    /// @throws FailureException INPUT if they cannot be read: `INITIAL_WEIGHTS_NOT_FOUND` for weights that were
    ///     in the store, `INITIAL_WEIGHTS_UNREADABLE`, or as [AllowedRoots#file]
    public void check(TrainSpec spec) {
        if (spec.initialWeights() != null) {
            find(spec.initialWeights(), roots);
        }
    }

    /// @param job publishes the copy; folders that were granted to its run may be read as well
    /// @return the same training, with the weights as an artifact that this run references
    /// @throws FailureException as [#check]
    TrainSpec storeWeights(TrainSpec spec, JobContext job) {
        if (spec.initialWeights() == null) {
            return spec;
        }
        Path file = find(spec.initialWeights(), roots.of(job.job().run().id()));
        ArtifactRef copy = job.publish("weights", "safetensors", aside -> {
            Files.copy(file, aside);
            // The user may be writing the file at this moment, so the copy is checked.
            requireReadable(aside);
        });
        return spec.from(new WeightsSource.Stored(copy));
    }

    private Path find(WeightsSource source, AllowedRoots allowed) {
        Path file = switch (source) {
            case WeightsSource.File named -> allowed.file(named.uri());
            case WeightsSource.Stored stored -> stored(stored);
        };
        requireReadable(file);
        return file;
    }

    private static void requireReadable(Path file) {
        try {
            Safetensors.open(file).close();
        } catch (FailureException unreadable) {
            throw input(
                    unreadable,
                    "INITIAL_WEIGHTS_UNREADABLE",
                    "write it with safetensors.torch.save_file(network.state_dict(), file), as float32");
        }
    }

    private Path stored(WeightsSource.Stored source) {
        try {
            return store.open(source.weights());
        } catch (FailureException gone) {
            throw input(
                    gone,
                    "INITIAL_WEIGHTS_NOT_FOUND",
                    "copy checkpoints that you want to start from to a file of your own");
        }
    }

    /// The user named these weights, so the failure is reported as INPUT, not as an internal error.
    private static FailureException input(FailureException found, String code, String remedy) {
        return found.kind() == FailureKind.RESOURCE
                ? found
                : FailureException.input(code, found.getMessage() + "; " + remedy);
    }
}
