package io.peregrine.ingest;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.RunSpec.Init;
import io.peregrine.events.RunSpec.TrainSpec;
import io.peregrine.ingest.pack.AllowedRoots;
import jakarta.inject.Singleton;
import java.nio.file.Files;
import java.nio.file.Path;

/// The weights that a user has trainings begin with. They go into the store with the run that names them: so it
/// stays the same run wherever the file goes, and a trainer on another machine finds them.
@Singleton
public class InitialWeights {
    private final ArtifactStore store;
    private final AllowedRoots roots;

    InitialWeights(ArtifactStore store, AllowedRoots roots) {
        this.store = store;
        this.roots = roots;
    }

    /// Looks whether the weights of a training are there and can be read. Whether they fit its network its
    /// trainer finds out, who knows the network.
    ///
    /// @throws Failure INPUT, if they cannot be had: `INIT_GONE` of what was in the store, `INIT_UNREADABLE`, or
    ///     as [AllowedRoots#file]
    public void check(TrainSpec spec) {
        if (spec.init() != null) {
            find(spec.init(), roots);
        }
    }

    /// @param run what was granted to it may be read, too
    /// @return the same training from weights that this run needs
    /// @throws Failure as [#check]
    TrainSpec kept(TrainSpec spec, String run) {
        if (spec.init() == null) {
            return spec;
        }
        Path file = find(spec.init(), roots.of(run));
        ArtifactRef copy = store.publish("init", "safetensors", aside -> {
            Files.copy(file, aside);
            // The user may be writing it just now.
            mustBeReadable(aside);
        });
        return spec.from(new Init.Stored(copy));
    }

    private Path find(Init init, AllowedRoots allowed) {
        Path file = switch (init) {
            case Init.File named -> allowed.file(named.uri());
            case Init.Stored stored -> stored(stored);
        };
        mustBeReadable(file);
        return file;
    }

    private static void mustBeReadable(Path file) {
        try {
            Safetensors.open(file).close();
        } catch (FailureException unreadable) {
            throw input(
                    unreadable,
                    "INIT_UNREADABLE",
                    "write it with safetensors.torch.save_file(network.state_dict(), file), as float32");
        }
    }

    private Path stored(Init.Stored init) {
        try {
            return store.open(init.weights());
        } catch (FailureException gone) {
            throw input(gone, "INIT_GONE", "keep checkpoints that you want to begin with in a file of your own");
        }
    }

    /// Here a user named what others would have made: what is wrong with it is the user's to mend.
    private static FailureException input(FailureException found, String code, String remedy) {
        return found.kind() == FailureKind.RESOURCE
                ? found
                : FailureException.input(code, found.getMessage() + "; " + remedy);
    }
}
