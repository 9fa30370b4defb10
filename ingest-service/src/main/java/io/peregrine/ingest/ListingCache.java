package io.peregrine.ingest;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.RunRef;
import io.peregrine.ingest.dataset.Listing;
import io.peregrine.ingest.postgres.IngestTables;
import io.peregrine.work.jobs.Database;
import jakarta.inject.Singleton;

/// Listings of runs. The last one stays in memory: hundreds of packs are made from it, and it may have megabytes.
@Singleton
public class ListingCache {
    private record Held(ArtifactRef ref, Listing listing) {}

    private final Database database;
    private final ArtifactStore store;
    private volatile Held last;

    ListingCache(Database database, ArtifactStore store) {
        this.database = database;
        this.store = store;
    }

    public Listing of(RunRef run) {
        ArtifactRef ref = database.jdbi().withHandle(sql -> IngestTables.listing(sql, run.id()));
        Held held = last;
        if (held == null || !held.ref().equals(ref)) {
            held = new Held(ref, Listing.open(store, ref));
            last = held;
        }
        return held.listing();
    }
}
