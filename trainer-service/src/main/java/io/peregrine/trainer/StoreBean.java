package io.peregrine.trainer;

import io.peregrine.artifacts.FileStore;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// The store, as a bean.
class StoreBean {
    @Produces
    @Singleton
    FileStore store(@ConfigProperty(name = "peregrine.store") Path folder) {
        return new FileStore(folder);
    }
}
