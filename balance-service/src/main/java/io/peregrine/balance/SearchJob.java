package io.peregrine.balance;

import io.peregrine.balance.neighbours.NeighbourSearch;
import io.peregrine.balance.postgres.SearchTables;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.Transaction;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;
import org.jboss.logging.Logger;

/// One neighbour search during one lease of its job: of a whole class, or of one share of it. It checkpoints what
/// it has found, so that another lease can resume it. It releases its worker when another run waits. Not
/// thread-safe.
final class SearchJob {
    private static final Logger LOG = Logger.getLogger(SearchJob.class);
    /// Minimum time between checkpoints: tiles of small images take milliseconds, and each checkpoint is a write
    /// to disk.
    private static final long CHECKPOINT_NANOS = 1_000_000_000L;

    private final JobContext job;
    private final RunRef run;
    private final SearchOrder order;
    private final NeighbourSearch search;
    private final long classProducts;
    private final Database database;
    private final EtaEstimator estimate;
    private long savedAt;
    private long savedProducts;

    /// Resumes the search from the job's last checkpoint.
    ///
    /// @param search not started; closed by the caller
    /// @param classProducts multiply-adds of the whole class
    SearchJob(JobContext job, SearchOrder order, NeighbourSearch search, long classProducts, Database database) {
        this.job = job;
        this.run = job.job().run();
        this.order = order;
        this.search = search;
        this.classProducts = classProducts;
        this.database = database;
        resume();
        this.savedAt = System.nanoTime();
        this.savedProducts = search.productsDone();
        this.estimate = new EtaEstimator(database, run.id(), savedProducts);
    }

    private void resume() {
        byte[] state = job.job().state();
        if (state == null) {
            return;
        }
        int done = ByteBuffer.wrap(state).getInt();
        search.resume(
                done,
                database.jdbi().withHandle(sql -> SearchTables.found(sql, run.id(), order.label(), order.share())));
        LOG.infof(
                "neighbour search resumed run=%s label=%s share=%d of=%d tiles=%d of=%d",
                run.id(), order.name(), order.share() + 1, order.shares(), done, search.steps());
    }

    /// Searches to the end and completes the job. A job that searched the whole class also draws its recipes. Of
    /// several shares, the last one adds the job [DrawRecipes].
    ///
    /// @param rows rows of the class in the manifest
    /// @param slice how long the job may hold its worker while another run waits
    void run(ClassRecipes recipes, int[] rows, Duration slice) throws IOException {
        while (search.stepsDone() < search.steps()) {
            search.step(() -> job.progress(this::progress));
            if (search.stepsDone() == search.steps()) {
                complete(recipes, rows);
            } else if (System.nanoTime() - savedAt >= CHECKPOINT_NANOS) {
                checkpoint();
                if (job.shouldYield(slice)) {
                    throw job.yielded();
                }
            }
        }
        LOG.infof(
                "neighbours found run=%s label=%s share=%d of=%d tiles=%d",
                run.id(), order.name(), order.share() + 1, order.shares(), search.steps());
    }

    /// @param products receives the speed of this lease
    void record(Products products) {
        products.record(search.productsDone() - estimate.productsBefore(), estimate.seconds());
    }

    private void complete(ClassRecipes recipes, int[] rows) throws IOException {
        Unsaved unsaved = unsaved();
        if (order.shares() == 1) {
            recipes.complete(job, order, rows, search.result(), tx -> {
                searched(tx, unsaved);
                SearchTables.shareDone(tx.sql(), run.id(), order.label());
            });
            return;
        }
        SortedMap<Integer, byte[]> found = search.changed();
        job.complete(tx -> {
            save(tx, found, unsaved);
            if (SearchTables.shareDone(tx.sql(), run.id(), order.label())) {
                tx.add(new Job.New(run, DrawRecipes.KIND, Integer.toString(order.label()), order));
            }
        });
    }

    private void checkpoint() {
        Unsaved unsaved = unsaved();
        SortedMap<Integer, byte[]> found = search.changed();
        byte[] done =
                ByteBuffer.allocate(Integer.BYTES).putInt(search.stepsDone()).array();
        job.checkpoint(done, tx -> save(tx, found, unsaved));
        savedAt = unsaved.until();
        savedProducts += unsaved.products();
        estimate.saved(savedProducts);
    }

    /// Work since the last checkpoint.
    ///
    /// @param products multiply-adds
    /// @param until end of the work, by [System#nanoTime]
    private record Unsaved(long products, double seconds, long until) {}

    private Unsaved unsaved() {
        long now = System.nanoTime();
        return new Unsaved(search.productsDone() - savedProducts, (now - savedAt) / 1e9, now);
    }

    private void save(Transaction tx, SortedMap<Integer, byte[]> found, Unsaved unsaved) {
        SearchTables.save(tx.sql(), run.id(), order.label(), order.share(), found);
        searched(tx, unsaved);
    }

    private void searched(Transaction tx, Unsaved unsaved) {
        SearchTables.searched(tx.sql(), run.id(), order.label(), unsaved.products(), unsaved.seconds());
    }

    private StageProgressed progress() {
        String task = order.shares() == 1
                ? FindNeighbours.KIND + " " + order.name()
                : "%s %s (%d of %d)".formatted(FindNeighbours.KIND, order.name(), order.share() + 1, order.shares());
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
