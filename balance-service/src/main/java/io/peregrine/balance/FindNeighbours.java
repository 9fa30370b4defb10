package io.peregrine.balance;

import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.balance.neighbours.NeighbourSearch;
import io.peregrine.balance.neighbours.Neighbours;
import io.peregrine.balance.postgres.BalanceTables;
import io.peregrine.balance.postgres.NeighbourCache;
import io.peregrine.balance.postgres.SearchTables;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.RunRef;
import io.peregrine.events.Split;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import io.peregrine.work.quarkus.ManifestCache;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Finds the neighbours of the images of one class, or of one share of them (a tile row), in a [SearchJob].
/// Results of another run of the same manifest are reused.
@ApplicationScoped
class FindNeighbours implements JobHandler {
    static final String KIND = "neighbours";

    private final ArtifactStore store;
    private final ManifestCache manifests;
    private final Database database;
    private final Products products;
    private final BalanceConfig config;
    private final ClassRecipes recipes;

    FindNeighbours(
            ArtifactStore store,
            ManifestCache manifests,
            Database database,
            Products products,
            BalanceConfig config,
            ClassRecipes recipes) {
        this.store = store;
        this.manifests = manifests;
        this.database = database;
        this.products = products;
        this.config = config;
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
        ManifestRef ref = database.jdbi().withHandle(sql -> BalanceTables.manifest(sql, run.id()));
        Manifest manifest = manifests.open(ref);
        int[] rows = manifest.rowsOf(Split.TRAIN, order.label());
        Optional<Neighbours> known = known(run, order);
        if (known.isPresent()) {
            recipes.complete(job, order, rows, known.get(), tx -> {
                SearchTables.markKnown(tx.sql(), run.id(), order.label());
                SearchTables.shareDone(tx.sql(), run.id(), order.label());
            });
            return;
        }
        try (PixelRows pixels = new PixelRows(store, manifest);
                NeighbourSearch search = search(order, pixels, rows)) {
            SearchJob one = new SearchJob(job, order, search, order.tiling().products(pixels.values()), database);
            one.run(recipes, rows, config.slice());
            one.record(products);
        }
    }

    /// Used only if one job does the whole class. With several jobs, each would have to know what the others rely
    /// on.
    ///
    /// @return the neighbours that another run found
    private Optional<Neighbours> known(RunRef run, SearchOrder order) {
        return order.shares() > 1
                ? Optional.empty()
                : database.jdbi()
                        .withHandle(sql -> NeighbourCache.find(sql, run.id(), order.label(), order.neighbours()));
    }

    private NeighbourSearch search(SearchOrder order, PixelRows pixels, int[] rows) {
        List<MemorySegment> images = Arrays.stream(rows).mapToObj(pixels::image).toList();
        return new NeighbourSearch(
                products.make(),
                images,
                pixels.values(),
                order.neighbours(),
                order.tiling(),
                order.tiles(),
                config.threadCount());
    }
}
