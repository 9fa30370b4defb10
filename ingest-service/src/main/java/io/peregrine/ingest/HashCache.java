package io.peregrine.ingest;

import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.ingest.findings.PackHashes;
import io.peregrine.ingest.postgres.FindingTables;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.work.jobs.Database;
import jakarta.inject.Singleton;
import java.util.Optional;

/// Perceptual hashes of the images in packs. Each pack is hashed once, for whichever run needs it first.
@Singleton
class HashCache {
    private final Database database;
    private final ArtifactStore store;
    private final WorkerPool workers;

    HashCache(Database database, ArtifactStore store, WorkerPool workers) {
        this.database = database;
        this.store = store;
        this.workers = workers;
    }

    /// @return hashes of the pack's images ([PackHashes])
    long[] of(ArtifactRef pixels) throws InterruptedException {
        Optional<long[]> known = database.jdbi().withHandle(sql -> FindingTables.hashes(sql, pixels.uri()));
        if (known.isPresent()) {
            return known.get();
        }
        try (PixelPack pack = PixelPack.open(store, pixels)) {
            long[] hashes = PackHashes.of(pack, workers);
            database.jdbi().useHandle(sql -> FindingTables.saveHashes(sql, pixels.uri(), hashes));
            return hashes;
        }
    }
}
