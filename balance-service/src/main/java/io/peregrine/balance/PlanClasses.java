package io.peregrine.balance;

import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.RunSpecs;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FullDisk;
import io.peregrine.balance.neighbours.Tiling;
import io.peregrine.balance.postgres.BalanceTables;
import io.peregrine.balance.postgres.NeighbourCache;
import io.peregrine.balance.postgres.PlannedClass;
import io.peregrine.balance.smote.BalancePlan;
import io.peregrine.balance.smote.ClassSize;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.RunRef;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec.BalanceSpec;
import io.peregrine.events.spec.RunSpec.Method;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import io.peregrine.work.quarkus.ManifestCache;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jboss.logging.Logger;

/// Plans the size of each class and the work that it takes, and rejects impossible requests. It adds one job for
/// each class that needs neighbours, or several for a large class. Without such a class it adds the job for the
/// shards at once. A class whose neighbours another run of the manifest found needs one job without
/// multiplications.
@ApplicationScoped
class PlanClasses implements JobHandler {
    static final String KIND = "plan";

    private static final Logger LOG = Logger.getLogger(PlanClasses.class);

    private final ArtifactStore store;
    private final ManifestCache manifests;
    private final Database database;
    private final BalanceConfig config;
    private final Products products;

    PlanClasses(
            ArtifactStore store, ManifestCache manifests, Database database, BalanceConfig config, Products products) {
        this.store = store;
        this.manifests = manifests;
        this.database = database;
        this.config = config;
        this.products = products;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext job) throws IOException {
        RunRef run = job.job().run();
        ManifestRef ref = EventCodec.json().treeToValue(job.job().payload(), ManifestRef.class);
        Manifest manifest = manifests.open(ref);
        BalanceSpec spec = RunSpecs.open(store, run).balance();
        long[] real = new long[manifest.classes().size()];
        for (int row : manifest.rowsOf(Split.TRAIN)) {
            real[manifest.label(row)]++;
        }
        BalancePlan plan = BalancePlan.of(spec.method(), spec.strategy(), spec.neighbours(), manifest.classes(), real);
        requireDiskSpace(plan, store.totalBytes(), store.usableBytes());
        List<PlannedClass> classes = new ArrayList<>();
        List<SearchOrder> orders = new ArrayList<>();
        Set<NeighbourCache.Key> known = database.jdbi().withHandle(sql -> NeighbourCache.of(sql, ref));
        for (ClassSize size : plan.sizes()) {
            classes.add(planned(size, plan, spec, manifest, known, orders));
        }
        long total = classes.stream().mapToLong(PlannedClass::products).sum();
        double perSecond = total > 0 ? products.perSecond() : 0;
        job.complete(tx -> {
            BalanceTables.plan(tx.sql(), run, ref, classes, perSecond);
            for (SearchOrder order : orders) {
                String key = order.label() + "/" + order.share();
                tx.add(new Job.New(run, FindNeighbours.KIND, key, order));
            }
            if (orders.isEmpty()) {
                tx.add(new Job.New(run, AssembleShards.KIND, "", null));
            }
        });
        LOG.infof(
                "classes planned run=%s method=%s classes=%d growing=%d rows=%d bytes=%d jobs=%d minutes=%.1f",
                run.id(),
                spec.method().jsonName(),
                real.length,
                plan.growing().size(),
                plan.rows(),
                bytes(plan),
                orders.size(),
                perSecond > 0 ? total / perSecond / 60 : 0);
    }

    private PlannedClass planned(
            ClassSize size,
            BalancePlan plan,
            BalanceSpec spec,
            Manifest manifest,
            Set<NeighbourCache.Key> known,
            List<SearchOrder> orders) {
        if (spec.method() == Method.CLASS_WEIGHTS && size.real() > 0) {
            long present = plan.sizes().stream().filter(one -> one.real() > 0).count();
            // As scikit-learn's 'balanced': n / (classes · count).
            double weight = (double) plan.rows() / (present * size.real());
            return new PlannedClass(size, null, weight, 0, 0);
        }
        if (spec.method() != Method.SMOTE || size.synthetic() == 0) {
            return new PlannedClass(size, null, null, 0, 0);
        }
        int count = Math.toIntExact(size.real());
        int values = 3 * manifest.side() * manifest.side();
        int k = spec.neighbours().of(size.real());
        Tiling tiling = Tiling.of(count, values, k, config.threadCount(), config.memoryBytes());
        long takes = known.contains(new NeighbourCache.Key(size.label(), k)) ? 0 : tiling.products(values);
        int shares = takes > config.jobProducts() ? tiling.tiles() : 1;
        for (int share = 0; share < shares; share++) {
            orders.add(new SearchOrder(
                    size.label(),
                    size.name(),
                    size.synthetic(),
                    plan.firstOrdinal(size.label()),
                    k,
                    tiling,
                    share,
                    shares));
        }
        return new PlannedClass(size, k, null, shares, takes);
    }

    /// @return bytes of the recipes and the shards of a balanced set
    static long bytes(long rows, long synthetic, int classes) {
        return (rows + synthetic) * 5 * Long.BYTES + classes * (long) RecipeShard.ROWS;
    }

    private static long bytes(BalancePlan plan) {
        long synthetic = plan.sizes().stream().mapToLong(ClassSize::synthetic).sum();
        return bytes(plan.rows(), synthetic, plan.sizes().size());
    }

    /// @param total bytes of the store's disk
    /// @param free bytes that are free on it
    /// @throws FailureException INPUT `DISK_TOO_SMALL` if the recipes do not fit even on the empty disk; RESOURCE
    ///     `STORE_FULL` if other files occupy the space now, so that the job waits
    static void requireDiskSpace(BalancePlan plan, long total, long free) {
        String takes = "The recipes of %,d rows take %,d bytes".formatted(plan.rows(), bytes(plan));
        if (bytes(plan) > total) {
            throw FailureException.input(
                    "DISK_TOO_SMALL",
                    "%s, but the disk of the store has only %,d bytes in all; use a larger disk and publish the dataset again"
                            .formatted(takes, total));
        }
        if (bytes(plan) > free) {
            throw FailureException.resource(
                    FullDisk.CODE,
                    "%s, but the disk of the store has only %,d bytes free. Free space or prune; the work then continues automatically"
                            .formatted(takes, free),
                    null);
        }
    }
}
