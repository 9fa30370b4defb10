package io.peregrine.work.quarkus;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.artifacts.store.S3Store;
import io.peregrine.events.ArtifactRef;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.JobArtifacts;
import io.peregrine.work.retention.GarbageCollector;
import io.peregrine.work.retention.StoreCheck;
import io.quarkus.runtime.configuration.MemorySize;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/// The artifact store, which all services share: a folder or a bucket.
class StoreBean {
    private static final Logger LOG = Logger.getLogger(StoreBean.class);

    /// Artifact kinds of all services: each service reads what others publish.
    private static final Set<String> KINDS = Set.of(
            "run",
            "weights",
            "listing",
            "pack",
            "manifest",
            "recipes",
            "shard",
            "balance",
            "checkpoint",
            "test",
            "latents",
            "clusters");

    /// @param location `peregrine.store`: a folder, or `s3://bucket/prefix`
    /// @param folder cache folder of this process only, for artifacts fetched from a bucket
    /// @param bytes maximum size of the cache folder
    /// @param endpoint URL of an S3 server other than Amazon's
    @Produces
    @Singleton
    ArtifactStore store(
            MeterRegistry registry,
            @ConfigProperty(name = "peregrine.store") String location,
            @ConfigProperty(name = "peregrine.store-cache") Path folder,
            @ConfigProperty(name = "peregrine.store-cache-bytes") MemorySize bytes,
            @ConfigProperty(name = "peregrine.store-endpoint") Optional<URI> endpoint,
            @ConfigProperty(name = "peregrine.store-region") String region) {
        // Register all at the start: `increase` does not see a counter's first value.
        KINDS.forEach(kind -> damaged(registry, kind));
        Consumer<ArtifactRef> onDamage = ref -> {
            damaged(registry, ref.kind()).increment();
            LOG.warnf("An artifact is damaged and will not be used uri=%s bytes=%d", ref.uri(), ref.bytes());
        };
        return location.contains("://")
                ? new S3Store(URI.create(location), endpoint, region, folder, bytes.asLongValue(), onDamage)
                : new FileStore(Path.of(location), onDamage);
    }

    @Produces
    @Singleton
    JobArtifacts artifacts(ArtifactStore store, WorkConfig config) {
        return new JobArtifacts(store, config.kinds());
    }

    private static Counter damaged(MeterRegistry registry, String kind) {
        return Counter.builder("peregrine.artifacts.damaged")
                .description("Artifacts whose file this process found damaged; the file is moved away and not used")
                .tag("kind", kind)
                .register(registry);
    }

    @Produces
    @Singleton
    GarbageCollector collector(Database database, ArtifactStore store, WorkConfig config) {
        return new GarbageCollector(database, store, config.kinds());
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
