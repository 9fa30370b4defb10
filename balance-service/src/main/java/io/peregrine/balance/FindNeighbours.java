package io.peregrine.balance;

import io.peregrine.artifacts.FileStore;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.balance.postgres.BalanceTables;
import io.peregrine.balance.smote.NeighbourSearch;
import io.peregrine.balance.smote.Neighbours;
import io.peregrine.balance.smote.Recipes;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.RunRef;
import io.peregrine.events.RunSpec.BalanceSpec;
import io.peregrine.events.Split;
import io.peregrine.events.Stage;
import io.peregrine.vision.EngineProduct;
import io.peregrine.vision.MatrixProduct;
import io.peregrine.vision.PlainProduct;
import io.peregrine.work.Job;
import io.peregrine.work.JobContext;
import io.peregrine.work.JobHandler;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.jboss.logging.Logger;

/// Finds the neighbours of one class's pictures, and draws and publishes the class's recipes. What is found
/// is kept after each column of tiles: a killed search goes on from there.
@ApplicationScoped
class FindNeighbours implements JobHandler {
    static final String KIND = "neighbours";

    private static final Logger LOG = Logger.getLogger(FindNeighbours.class);

    private final FileStore store;
    private final Specs specs;
    private final BalanceMeters meters;
    private final int tileRows;
    private final int threads;
    private final BalanceConfig.Product product;

    FindNeighbours(FileStore store, Specs specs, BalanceMeters meters, BalanceConfig config) {
        this.store = store;
        this.specs = specs;
        this.meters = meters;
        this.tileRows = config.tileRows();
        this.threads = config.threads().orElse(Runtime.getRuntime().availableProcessors());
        this.product = config.product();
    }

    /// What is asked for of one class.
    ///
    /// @param firstOrdinal place of its first synthetic row in `fit_resample`'s output
    record Order(ManifestRef manifest, int label, String name, long synthetic, long firstOrdinal) {}

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public Stage stage() {
        return Stage.BALANCE;
    }

    @Override
    public void work(JobContext job) throws IOException {
        long began = System.nanoTime();
        RunRef run = job.job().run();
        Order order = EventCodec.json().treeToValue(job.job().payload(), Order.class);
        BalanceSpec spec = specs.balance(run);
        Manifest manifest = Manifest.open(store, order.manifest());
        int[] rows = manifest.rowsOf(Split.TRAIN, order.label());
        Neighbours neighbours = search(job, order, manifest, rows, spec.neighbours());
        RecipeShard recipes = Recipes.draw(
                rows, neighbours, (int) order.synthetic(), spec.seed(), order.label(), order.firstOrdinal());
        ArtifactRef published = recipes.publish(
                store,
                Map.of(
                        "format", "peregrine-class-recipes-1",
                        "class", order.name(),
                        "reference", "imbalanced-learn 0.14.2 SMOTE on float32",
                        "neighbours", Integer.toString(spec.neighbours()),
                        "seed", Long.toString(spec.seed()),
                        "tied_rows", Long.toString(neighbours.tiedRows())));
        job.done(tx -> {
            BalanceTables.drawn(tx.sql(), run.id(), order.label(), published, neighbours.tiedRows());
            if (BalanceTables.isComplete(tx.sql(), run.id())) {
                tx.add(new Job.New(run, AssembleShards.KIND, "", null));
            }
        });
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        meters.searched(order.name(), rows.length, order.synthetic(), neighbours.tiedRows(), took);
        LOG.infof(
                "recipes drawn run=%s label=%s pictures=%d recipes=%d tied=%d seconds=%.1f",
                run.id(), order.name(), rows.length, order.synthetic(), neighbours.tiedRows(), took.toMillis() / 1e3);
    }

    private Neighbours search(JobContext job, Order order, Manifest manifest, int[] rows, int k) {
        try (PixelRows pixels = new PixelRows(store, manifest)) {
            List<MemorySegment> pictures =
                    Arrays.stream(rows).mapToObj(pixels::picture).toList();
            try (NeighbourSearch search =
                    new NeighbourSearch(products(), pictures, pixels.values(), k, tileRows, threads)) {
                if (job.job().state() != null) {
                    search.resume(job.job().state());
                }
                while (search.stepsDone() < search.steps()) {
                    job.progress(progress(job.job().run(), order, search));
                    search.step(job::check);
                    if (search.stepsDone() < search.steps()) {
                        job.save(search.state(), tx -> {});
                    }
                }
                job.progress(progress(job.job().run(), order, search));
                return search.result();
            }
        }
    }

    private IntFunction<MatrixProduct> products() {
        return switch (product) {
            case PLAIN -> PlainProduct::new;
            case ENGINE -> {
                // The search has a thread for each core itself.
                EngineProduct.onOneEngineThread();
                yield EngineProduct::new;
            }
        };
    }

    /// A column of tiles holds one tile more than the column before it.
    private static StageProgressed progress(RunRef run, Order order, NeighbourSearch search) {
        long done = search.stepsDone();
        long steps = search.steps();
        return new StageProgressed(
                run,
                Stage.BALANCE,
                KIND + " " + order.name(),
                done * (done + 1) / 2,
                steps * (steps + 1) / 2,
                "tiles",
                Map.of());
    }
}
