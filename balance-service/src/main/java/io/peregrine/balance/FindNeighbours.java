package io.peregrine.balance;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.balance.postgres.BalanceTables;
import io.peregrine.balance.postgres.NeighbourCache;
import io.peregrine.balance.postgres.SearchTables;
import io.peregrine.balance.smote.NeighbourSearch;
import io.peregrine.balance.smote.Neighbours;
import io.peregrine.balance.smote.Tiling;
import io.peregrine.balance.smote.Tiling.Tile;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Split;
import io.peregrine.events.Stage;
import io.peregrine.work.Database;
import io.peregrine.work.Job;
import io.peregrine.work.JobContext;
import io.peregrine.work.JobHandler;
import io.peregrine.work.ManifestCache;
import io.peregrine.work.Transaction;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/// Finds the neighbours of the images of one class, or of one share of them (a tile row). Results are stored as
/// checkpoints, so a killed search resumes from the last one. A job that searched a whole class also draws its
/// recipes. If a class has several shares, the last one adds the job [DrawRecipes]. Results of another run of the
/// same manifest are reused.
@ApplicationScoped
class FindNeighbours implements JobHandler {
    static final String KIND = "neighbours";

    private static final Logger LOG = Logger.getLogger(FindNeighbours.class);
    /// Minimum time between checkpoints: tiles of small images take milliseconds, and each checkpoint is a write
    /// to disk.
    private static final long CHECKPOINT_NANOS = 1_000_000_000L;

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

    /// The work for one class, or for one share of it.
    ///
    /// @param synthetic number of recipes to draw
    /// @param firstOrdinal position of its first synthetic row in `fit_resample`'s output
    /// @param neighbours SMOTE's k for this class
    /// @param share index of this job's share, which is a tile row if there are several
    /// @param shares number of jobs that share the class
    record Order(
            int label,
            String name,
            long synthetic,
            long firstOrdinal,
            int neighbours,
            Tiling tiling,
            int share,
            int shares) {
        List<Tile> tiles() {
            return shares == 1 ? tiling.all() : tiling.ofRow(share);
        }
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext job) throws IOException {
        RunRef run = job.job().run();
        Order order = EventCodec.json().treeToValue(job.job().payload(), Order.class);
        ManifestRef ref = database.jdbi().withHandle(sql -> BalanceTables.manifest(sql, run.id()));
        Manifest manifest = manifests.open(ref);
        int[] rows = manifest.rowsOf(Split.TRAIN, order.label());
        Optional<Neighbours> known = known(run, order);
        if (known.isPresent()) {
            classDone(job, order, rows, known.get(), tx -> SearchTables.markKnown(tx.sql(), run.id(), order.label()));
            return;
        }
        try (PixelRows pixels = new PixelRows(store, manifest)) {
            List<MemorySegment> images =
                    Arrays.stream(rows).mapToObj(pixels::image).toList();
            try (NeighbourSearch search = new NeighbourSearch(
                    products.make(),
                    images,
                    pixels.values(),
                    order.neighbours(),
                    order.tiling(),
                    order.tiles(),
                    config.threadCount())) {
                resume(job.job(), order, search);
                search(job, order, search, rows, order.tiling().products(pixels.values()));
            }
        }
    }

    /// Used only if one job does the whole class. With several jobs, each would have to know what the others rely
    /// on.
    ///
    /// @return the neighbours that another run found
    private Optional<Neighbours> known(RunRef run, Order order) {
        return order.shares() > 1
                ? Optional.empty()
                : database.jdbi()
                        .withHandle(sql -> NeighbourCache.find(sql, run.id(), order.label(), order.neighbours()));
    }

    private void resume(Job job, Order order, NeighbourSearch search) {
        if (job.state() == null) {
            return;
        }
        int done = ByteBuffer.wrap(job.state()).getInt();
        search.resume(
                done,
                database.jdbi()
                        .withHandle(sql -> SearchTables.found(sql, job.run().id(), order.label(), order.share())));
        LOG.infof(
                "neighbour search resumed run=%s label=%s share=%d of=%d tiles=%d of=%d",
                job.run().id(), order.name(), order.share() + 1, order.shares(), done, search.steps());
    }

    private void search(JobContext job, Order order, NeighbourSearch search, int[] rows, long classProducts)
            throws IOException {
        RunRef run = job.job().run();
        EtaEstimator estimate = new EtaEstimator(database, run.id(), search.productsDone());
        long saved = System.nanoTime();
        long savedProducts = search.productsDone();
        while (search.stepsDone() < search.steps()) {
            search.step(() -> job.progress(() -> progress(run, order, search, estimate, classProducts)));
            boolean last = search.stepsDone() == search.steps();
            long now = System.nanoTime();
            if (!last && now - saved < CHECKPOINT_NANOS) {
                continue;
            }
            long more = search.productsDone() - savedProducts;
            double seconds = (now - saved) / 1e9;
            if (last && order.shares() == 1) {
                classDone(
                        job,
                        order,
                        rows,
                        search.result(),
                        tx -> SearchTables.searched(tx.sql(), run.id(), order.label(), more, seconds));
            } else if (last) {
                shareDone(job, order, search, more, seconds);
            } else {
                SortedMap<Integer, byte[]> found = search.changed();
                byte[] done = ByteBuffer.allocate(Integer.BYTES)
                        .putInt(search.stepsDone())
                        .array();
                job.checkpoint(done, tx -> saveProgress(tx, run, order, found, more, seconds));
                if (job.shouldYield(config.slice())) {
                    throw job.yielded();
                }
            }
            saved = now;
            savedProducts += more;
            estimate.saved(savedProducts);
        }
        products.record(search.productsDone() - estimate.productsBefore(), estimate.seconds());
        LOG.infof(
                "neighbours found run=%s label=%s share=%d of=%d tiles=%d",
                run.id(), order.name(), order.share() + 1, order.shares(), search.steps());
    }

    private void classDone(JobContext job, Order order, int[] rows, Neighbours neighbours, Consumer<Transaction> count)
            throws IOException {
        RunRef run = job.job().run();
        ClassRecipes.Drawn drawn = recipes.draw(job, order, rows, neighbours);
        job.complete(tx -> {
            count.accept(tx);
            SearchTables.shareDone(tx.sql(), run.id(), order.label());
            recipes.record(tx, drawn);
        });
        recipes.recorded(drawn);
    }

    private static void shareDone(JobContext job, Order order, NeighbourSearch search, long products, double seconds) {
        RunRef run = job.job().run();
        SortedMap<Integer, byte[]> found = search.changed();
        job.complete(tx -> {
            saveProgress(tx, run, order, found, products, seconds);
            if (SearchTables.shareDone(tx.sql(), run.id(), order.label())) {
                tx.add(new Job.New(run, DrawRecipes.KIND, Integer.toString(order.label()), order));
            }
        });
    }

    private static void saveProgress(
            Transaction tx, RunRef run, Order order, SortedMap<Integer, byte[]> found, long products, double seconds) {
        SearchTables.save(tx.sql(), run.id(), order.label(), order.share(), found);
        SearchTables.searched(tx.sql(), run.id(), order.label(), products, seconds);
    }

    private static StageProgressed progress(
            RunRef run, Order order, NeighbourSearch search, EtaEstimator estimate, long classProducts) {
        String task = order.shares() == 1
                ? KIND + " " + order.name()
                : "%s %s (%d of %d)".formatted(KIND, order.name(), order.share() + 1, order.shares());
        return new StageProgressed(
                run,
                Stage.BALANCE,
                task,
                search.stepsDone(),
                search.steps(),
                "tiles",
                Map.of("secondsLeft", estimate.secondsLeft(search.productsDone()), "products", (double) classProducts));
    }
}
