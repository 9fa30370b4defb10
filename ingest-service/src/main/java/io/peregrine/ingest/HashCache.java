package io.peregrine.ingest;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.events.ArtifactRef;
import io.peregrine.ingest.pack.PackHashes;
import io.peregrine.ingest.pack.WorkerPool;
import io.peregrine.ingest.postgres.FindingTables;
import io.peregrine.work.Database;
import jakarta.inject.Singleton;
import java.util.Optional;

/// What the images of packs look like: computed once for each pack, whichever run needs it first.
@Singleton
class HashCache {
    private final Database database;
    private final ArtifactStore store;
    private final WorkerPool crew;

    HashCache(Database database, ArtifactStore store, WorkerPool crew) {
        this.database = database;
        this.store = store;
        this.crew = crew;
    }

    /// @return hashes of the pack's images ([PackHashes])
    long[] of(ArtifactRef pixels) throws InterruptedException {
        Optional<long[]> known = database.jdbi().withHandle(sql -> FindingTables.hashes(sql, pixels.uri()));
        if (known.isPresent()) {
            return known.get();
        }
        try (PixelPack pack = PixelPack.open(store, pixels)) {
            long[] hashes = PackHashes.of(pack, crew);
            database.jdbi().useHandle(sql -> FindingTables.keepHashes(sql, pixels.uri(), hashes));
            return hashes;
        }
    }
}
