package io.peregrine.balance;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.events.RunRef;
import io.peregrine.events.RunSpec;
import io.peregrine.events.RunSpec.BalanceSpec;
import io.peregrine.events.RunSpec.Coverage;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.file.Files;

/// Reads the balance section of a run's specification from its `run.json` in the store.
@ApplicationScoped
class SpecCache {
    private final ArtifactStore store;

    SpecCache(ArtifactStore store) {
        this.store = store;
    }

    BalanceSpec balance(RunRef run) throws IOException {
        return RunSpec.read(Files.readAllBytes(store.open(run.spec()))).balance();
    }

    /// @return the reference implementation whose rows these are, bit for bit
    static String reference(BalanceSpec spec) {
        return switch (spec.method()) {
            case SMOTE ->
                spec.coverage() == Coverage.EVEN
                        ? "Chawla and others 2002, each base equally often"
                        : "imbalanced-learn 0.14.2 SMOTE on float32";
            case RANDOM_OVER -> "imbalanced-learn 0.14.2 RandomOverSampler";
            case RANDOM_UNDER -> "imbalanced-learn 0.14.2 RandomUnderSampler";
            case CLASS_WEIGHTS -> "none: every image once";
        };
    }
}
