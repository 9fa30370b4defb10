package io.peregrine.ingest;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.ingest.dataset.AllowedRoots;
import io.peregrine.ingest.format.ImageDecoder;
import io.peregrine.ingest.pack.PackMaker;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.work.retention.RetentionConfig;
import io.peregrine.work.retention.RetentionRule;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// Creates the objects of the core from the configuration.
class IngestBeans {
    /// The packs of a run are rows by number until its dataset is sealed. Afterwards the manifest lists them.
    @Produces
    @Singleton
    RetentionRule madePacks(RetentionConfig config) {
        return RetentionRule.ofEndedRuns("made_pack", config.jobRetention());
    }

    @Produces
    @Singleton
    RetentionRule suspects(RetentionConfig config) {
        return RetentionRule.ofEndedRuns("suspect", config.jobRetention());
    }

    /// `PEREGRINE_ROOTS` lists the folders ([IngestRoots]). Without it every dataset is refused, except those in
    /// folders that the command grants to a run with a file in the folder `PEREGRINE_GRANTS`.
    @Produces
    @Singleton
    AllowedRoots roots(
            @ConfigProperty(name = "peregrine.roots", defaultValue = "[]") String folders,
            @ConfigProperty(name = "peregrine.grants") Optional<Path> grants) {
        return new AllowedRoots(IngestRoots.read(folders), grants);
    }

    @Produces
    @Singleton
    WorkerPool workers(IngestConfig config) {
        return new WorkerPool(
                "image", config.threads().orElse(Runtime.getRuntime().availableProcessors()));
    }

    void closePool(@Disposes WorkerPool workers) {
        workers.close();
    }

    @Produces
    @Singleton
    PackMaker packMaker(ArtifactStore store, WorkerPool workers, IngestConfig config, IngestMeters meters) {
        ImageDecoder decoder = new ImageDecoder(config.pixelsMax());
        return new PackMaker(store, workers, decoder, config.bytesMax().asLongValue(), meters::decoded);
    }
}
