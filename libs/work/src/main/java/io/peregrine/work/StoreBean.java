package io.peregrine.work;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.FileStore;
import io.peregrine.artifacts.S3Store;
import io.quarkus.runtime.configuration.MemorySize;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// The store of artefacts, the same for all services: a folder that they share, or a bucket.
class StoreBean {
    /// @param place `peregrine.store`: a folder, or `s3://bucket/prefix`
    /// @param folder of this process alone, for what it fetched from a bucket
    /// @param bytes that the folder may hold
    /// @param endpoint of an S3 server that is not Amazon's
    @Produces
    @Singleton
    ArtifactStore store(
            WorkConfig config,
            @ConfigProperty(name = "peregrine.store") String place,
            @ConfigProperty(name = "peregrine.store-cache") Path folder,
            @ConfigProperty(name = "peregrine.store-cache-bytes") MemorySize bytes,
            @ConfigProperty(name = "peregrine.store-endpoint") Optional<URI> endpoint,
            @ConfigProperty(name = "peregrine.store-region") String region) {
        ArtifactStore store = place.contains("://")
                ? new S3Store(URI.create(place), endpoint, region, folder, bytes.asLongValue())
                : new FileStore(Path.of(place));
        return new NeededStore(store, config.kinds());
    }

    @Produces
    @Singleton
    Pruning pruning(Database database, ArtifactStore store, WorkConfig config) {
        return new Pruning(database, store, config.kinds());
    }

    @Produces
    @Singleton
    StoreCheck check(Database database, ArtifactStore store) {
        return new StoreCheck(database, store);
    }

    void close(@Disposes ArtifactStore store) {
        store.close();
    }
}
