package io.peregrine.balance;

import io.peregrine.artifacts.Manifest;
import io.peregrine.balance.neighbours.NeighbourSearch;
import io.peregrine.balance.neighbours.Neighbours;
import io.peregrine.balance.postgres.BalanceTables;
import io.peregrine.balance.postgres.SearchTables;
import io.peregrine.events.EventCodec;
import io.peregrine.events.RunRef;
import io.peregrine.events.Split;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import io.peregrine.work.quarkus.ManifestCache;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;

/// Merges the results of all shares of a large class's search, and draws the recipes of the class.
@ApplicationScoped
class DrawRecipes implements JobHandler {
    static final String KIND = "recipes";

    private final ManifestCache manifests;
    private final Database database;
    private final ClassRecipes recipes;

    DrawRecipes(ManifestCache manifests, Database database, ClassRecipes recipes) {
        this.manifests = manifests;
        this.database = database;
        this.recipes = recipes;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext job) throws IOException {
        RunRef run = job.job().run();
        SearchOrder order = EventCodec.json().treeToValue(job.job().payload(), SearchOrder.class);
        Manifest manifest = manifests.open(database.jdbi().withHandle(sql -> BalanceTables.manifest(sql, run.id())));
        int[] rows = manifest.rowsOf(Split.TRAIN, order.label());
        recipes.complete(job, order, rows, neighbours(run, order), tx -> {});
    }

    private Neighbours neighbours(RunRef run, SearchOrder order) {
        NeighbourSearch.Merged merged = new NeighbourSearch.Merged(order.tiling(), order.neighbours());
        for (int share = 0; share < order.shares(); share++) {
            int one = share;
            database.jdbi()
                    .withHandle(sql -> SearchTables.found(sql, run.id(), order.label(), one))
                    .forEach(merged::add);
        }
        return merged.result();
    }
}
