package io.peregrine.ingest;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.ingest.pack.AllowedRoots;
import io.peregrine.ingest.pack.ImageDecoder;
import io.peregrine.ingest.pack.PackMaker;
import io.peregrine.ingest.pack.WorkerPool;
import io.peregrine.work.RetentionConfig;
import io.peregrine.work.RetentionRule;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// Makes the core's parts from the configuration.
class IngestBeans {
    /// Packs of a run are listed by number until its dataset is sealed; the manifest has them afterwards.
    @Produces
    @Singleton
    RetentionRule madePacks(RetentionConfig config) {
        return ofEndedRuns("made_pack", config);
    }

    @Produces
    @Singleton
    RetentionRule suspects(RetentionConfig config) {
        return ofEndedRuns("suspect", config);
    }

    private static RetentionRule ofEndedRuns(String table, RetentionConfig config) {
        return RetentionRule.of(table, config.jobRetention(), """
                select old.ctid from ended_run ended join %s old on old.run = ended.run
                where ended.ended_at < now() - :seconds * interval '1 second'
                limit :limit for update of old skip locked""".formatted(table));
    }

    /// `PEREGRINE_ROOTS` names folders as `PATH` does. Without any, every dataset is refused by name, but for
    /// those that the command grants to a run in the folder `PEREGRINE_GRANTS`.
    @Produces
    @Singleton
    AllowedRoots roots(
            @ConfigProperty(name = "peregrine.roots", defaultValue = "/nowhere") String folders,
            @ConfigProperty(name = "peregrine.grants") Optional<Path> grants) {
        List<Path> roots = Arrays.stream(folders.split(File.pathSeparator))
                .filter(folder -> !folder.isBlank())
                .map(Path::of)
                .toList();
        return new AllowedRoots(roots, grants);
    }

    @Produces
    @Singleton
    WorkerPool crew(IngestConfig config) {
        return new WorkerPool(config.threads().orElse(Runtime.getRuntime().availableProcessors()));
    }

    void dismiss(@Disposes WorkerPool crew) {
        crew.close();
    }

    @Produces
    @Singleton
    PackMaker packMaker(
            ArtifactStore store, AllowedRoots roots, WorkerPool crew, IngestConfig config, IngestMeters meters) {
        ImageDecoder decoder = new ImageDecoder(config.pixelsMax());
        return new PackMaker(store, roots, crew, decoder, config.bytesMax().asLongValue(), meters::decoded);
    }
}
