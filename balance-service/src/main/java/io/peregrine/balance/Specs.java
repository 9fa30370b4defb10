package io.peregrine.balance;

import io.peregrine.artifacts.FileStore;
import io.peregrine.events.RunRef;
import io.peregrine.events.RunSpec;
import io.peregrine.events.RunSpec.BalanceSpec;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.file.Files;

/// What a run's specification says about balancing, from its `run.json` in the store.
@ApplicationScoped
class Specs {
    private final FileStore store;

    Specs(FileStore store) {
        this.store = store;
    }

    BalanceSpec balance(RunRef run) throws IOException {
        return RunSpec.read(Files.readAllBytes(store.open(run.spec()))).balance();
    }
}
