package io.peregrine.balance;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.balance.postgres.BalanceTables;
import io.peregrine.balance.postgres.SearchTables;
import io.peregrine.balance.smote.NeighbourSearch;
import io.peregrine.balance.smote.Neighbours;
import io.peregrine.balance.smote.Recipes;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.RunRef;
import io.peregrine.events.RunSpec.BalanceSpec;
import io.peregrine.events.RunSpec.Coverage;
import io.peregrine.events.Split;
import io.peregrine.work.Database;
import io.peregrine.work.Job;
import io.peregrine.work.JobContext;
import io.peregrine.work.JobHandler;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jboss.logging.Logger;

/// Puts together what all shares of a class's search have found, and draws and publishes the class's recipes.
@ApplicationScoped
class DrawRecipes implements JobHandler {
    static final String KIND = "recipes";

    private static final Logger LOG = Logger.getLogger(DrawRecipes.class);

    private final ArtifactStore store;
    private final Manifests manifests;
    private final Specs specs;
    private final Database database;
    private final BalanceMeters meters;

    DrawRecipes(ArtifactStore store, Manifests manifests, Specs specs, Database database, BalanceMeters meters) {
        this.store = store;
        this.manifests = manifests;
        this.specs = specs;
        this.database = database;
        this.meters = meters;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext job) throws IOException {
        RunRef run = job.job().run();
        FindNeighbours.Order order = EventCodec.json().treeToValue(job.job().payload(), FindNeighbours.Order.class);
        BalanceSpec spec = specs.balance(run);
        Manifest manifest = manifests.open(database.jdbi().withHandle(sql -> BalanceTables.manifest(sql, run.id())));
        int[] rows = manifest.rowsOf(Split.TRAIN, order.label());
        Neighbours neighbours = neighbours(run, order);
        ArtifactRef published = draw(order, spec, rows, neighbours).publish(store, header(order, spec, neighbours));
        job.done(tx -> {
            BalanceTables.drawn(
                    tx.sql(), run.id(), order.label(), published, neighbours.tiedRows(), neighbours.duplicates());
            SearchTables.forget(tx.sql(), run.id(), order.label());
            if (BalanceTables.isComplete(tx.sql(), run.id())) {
                tx.add(new Job.New(run, AssembleShards.KIND, "", null));
            }
        });
        double seconds = database.jdbi().withHandle(sql -> SearchTables.searchSeconds(sql, run.id(), order.label()));
        meters.searched(order.name(), rows.length, order.synthetic(), neighbours.tiedRows(), Duration.ofMillis((long)
                (1_000 * seconds)));
        LOG.infof(
                "recipes drawn run=%s label=%s pictures=%d recipes=%d neighbours=%d tied=%d duplicates=%d seconds=%.1f",
                run.id(),
                order.name(),
                rows.length,
                order.synthetic(),
                order.neighbours(),
                neighbours.tiedRows(),
                neighbours.duplicates(),
                seconds);
    }

    private Neighbours neighbours(RunRef run, FindNeighbours.Order order) {
        NeighbourSearch.Merged merged = new NeighbourSearch.Merged(order.tiling(), order.neighbours());
        for (int share = 0; share < order.shares(); share++) {
            int one = share;
            database.jdbi()
                    .withHandle(sql -> SearchTables.found(sql, run.id(), order.label(), one))
                    .forEach(merged::add);
        }
        return merged.result();
    }

    private static RecipeShard draw(FindNeighbours.Order order, BalanceSpec spec, int[] rows, Neighbours neighbours) {
        int synthetic = Math.toIntExact(order.synthetic());
        return spec.coverage() == Coverage.EVEN
                ? Recipes.drawEvenly(rows, neighbours, synthetic, spec.seed(), order.label(), order.firstOrdinal())
                : Recipes.draw(rows, neighbours, synthetic, spec.seed(), order.label(), order.firstOrdinal());
    }

    private static Map<String, String> header(FindNeighbours.Order order, BalanceSpec spec, Neighbours neighbours) {
        Map<String, String> header = new HashMap<>();
        header.put("format", "peregrine-class-recipes-1");
        header.put("class", order.name());
        header.put("neighbours", Integer.toString(order.neighbours()));
        header.put("seed", Long.toString(spec.seed()));
        header.put("coverage", spec.coverage().wire());
        header.put("tied_rows", Long.toString(neighbours.tiedRows()));
        header.put("duplicates", Long.toString(neighbours.duplicates()));
        if (spec.coverage() == Coverage.RANDOM) {
            header.put("reference", Specs.reference(spec));
        }
        return header;
    }
}
