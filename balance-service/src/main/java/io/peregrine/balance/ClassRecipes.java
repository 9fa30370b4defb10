package io.peregrine.balance;

import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.RunSpecs;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.balance.neighbours.Neighbours;
import io.peregrine.balance.postgres.BalanceTables;
import io.peregrine.balance.postgres.NeighbourCache;
import io.peregrine.balance.postgres.SearchTables;
import io.peregrine.balance.smote.Recipes;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.RunRef;
import io.peregrine.events.spec.RunSpec.BalanceSpec;
import io.peregrine.events.spec.RunSpec.BaseSampling;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.Transaction;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/// Draws and publishes the recipes of one class from its neighbours.
@ApplicationScoped
class ClassRecipes {
    private static final Logger LOG = Logger.getLogger(ClassRecipes.class);

    private final ArtifactStore store;
    private final Database database;
    private final BalanceMeters meters;

    ClassRecipes(ArtifactStore store, Database database, BalanceMeters meters) {
        this.store = store;
        this.database = database;
        this.meters = meters;
    }

    /// Recipes that are in the store but not yet recorded in the database.
    private record Drawn(RunRef run, SearchOrder order, ArtifactRef recipes, int images, Neighbours neighbours) {}

    /// Draws and publishes the recipes of a class, and completes the job.
    ///
    /// @param rows rows of the class in the manifest
    /// @param facts written in the transaction that completes the job, before the recipes are recorded
    void complete(JobContext job, SearchOrder order, int[] rows, Neighbours neighbours, Consumer<Transaction> facts)
            throws IOException {
        Drawn drawn = draw(job, order, rows, neighbours);
        job.complete(tx -> {
            facts.accept(tx);
            record(tx, drawn);
        });
        recorded(drawn);
    }

    private Drawn draw(JobContext job, SearchOrder order, int[] rows, Neighbours neighbours) throws IOException {
        RunRef run = job.job().run();
        BalanceSpec spec = RunSpecs.open(store, run).balance();
        ArtifactRef recipes = draw(order, spec, rows, neighbours).publish(job, header(order, spec, neighbours));
        return new Drawn(run, order, recipes, rows.length, neighbours);
    }

    /// Records the recipes, and the neighbours for reuse by other runs. After the last class of the run it adds
    /// the job that assembles the shards.
    private void record(Transaction tx, Drawn drawn) {
        String run = drawn.run().id();
        int label = drawn.order().label();
        Neighbours neighbours = drawn.neighbours();
        BalanceTables.drawn(tx.sql(), run, label, drawn.recipes(), neighbours.tiedRows(), neighbours.duplicates());
        NeighbourCache.save(tx.sql(), run, label, neighbours);
        SearchTables.deleteClass(tx.sql(), run, label);
        if (BalanceTables.isComplete(tx.sql(), run)) {
            tx.add(new Job.New(drawn.run(), AssembleShards.KIND, "", null));
        }
    }

    /// Counts and logs recorded recipes. Neighbours that another run found are counted for that run only.
    private void recorded(Drawn drawn) {
        SearchOrder order = drawn.order();
        Neighbours neighbours = drawn.neighbours();
        double seconds = database.jdbi()
                .withHandle(sql -> SearchTables.searchSeconds(sql, drawn.run().id(), order.label()));
        boolean searched = seconds > 0;
        meters.drawn(order.name(), order.synthetic());
        if (searched) {
            meters.searched(drawn.images(), neighbours.tiedRows(), Duration.ofMillis((long) (1_000 * seconds)));
        }
        LOG.infof(
                "recipes drawn run=%s label=%s images=%d recipes=%d neighbours=%d tied=%d duplicates=%d searched=%b"
                        + " seconds=%.1f",
                drawn.run().id(),
                order.name(),
                drawn.images(),
                order.synthetic(),
                order.neighbours(),
                neighbours.tiedRows(),
                neighbours.duplicates(),
                searched,
                seconds);
    }

    private static RecipeShard draw(SearchOrder order, BalanceSpec spec, int[] rows, Neighbours neighbours) {
        int synthetic = Math.toIntExact(order.synthetic());
        return spec.baseSampling() == BaseSampling.EVEN
                ? Recipes.drawEvenly(rows, neighbours, synthetic, spec.seed(), order.label(), order.firstOrdinal())
                : Recipes.draw(rows, neighbours, synthetic, spec.seed(), order.label(), order.firstOrdinal());
    }

    private static Map<String, String> header(SearchOrder order, BalanceSpec spec, Neighbours neighbours) {
        Map<String, String> header = new HashMap<>();
        header.put("format", "peregrine-class-recipes-1");
        header.put("class", order.name());
        header.put("neighbours", Integer.toString(order.neighbours()));
        header.put("seed", Long.toString(spec.seed()));
        header.put("base_sampling", spec.baseSampling().jsonName());
        header.put("tied_rows", Long.toString(neighbours.tiedRows()));
        header.put("duplicates", Long.toString(neighbours.duplicates()));
        if (spec.baseSampling() == BaseSampling.RANDOM) {
            header.put("reference", ReferenceImplementation.of(spec));
        }
        return header;
    }
}
