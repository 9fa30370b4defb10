package io.peregrine.balance;

import io.peregrine.artifacts.FileStore;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// The store of artefacts, at `peregrine.store`.
class BalanceBeans {
    @Produces
    @Singleton
    FileStore store(@ConfigProperty(name = "peregrine.store") Path folder) {
        return new FileStore(folder);
    }
}
