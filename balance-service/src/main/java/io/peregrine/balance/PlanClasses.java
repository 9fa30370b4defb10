package io.peregrine.balance;

import io.peregrine.artifacts.FileStore;
import io.peregrine.artifacts.Manifest;
import io.peregrine.balance.postgres.BalanceTables;
import io.peregrine.balance.smote.BalancePlan;
import io.peregrine.balance.smote.ClassSize;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.RunRef;
import io.peregrine.events.RunSpec.BalanceSpec;
import io.peregrine.events.Split;
import io.peregrine.events.Stage;
import io.peregrine.work.Job;
import io.peregrine.work.JobContext;
import io.peregrine.work.JobHandler;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import org.jboss.logging.Logger;

/// Plans how large each class shall be: a job for each class that must grow, or none and the shards at once.
@ApplicationScoped
class PlanClasses implements JobHandler {
    static final String KIND = "plan";

    private static final Logger LOG = Logger.getLogger(PlanClasses.class);

    private final FileStore store;
    private final Specs specs;

    PlanClasses(FileStore store, Specs specs) {
        this.store = store;
        this.specs = specs;
    }

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
        RunRef run = job.job().run();
        ManifestRef ref = EventCodec.json().treeToValue(job.job().payload(), ManifestRef.class);
        Manifest manifest = Manifest.open(store, ref);
        BalanceSpec spec = specs.balance(run);
        long[] real = new long[manifest.classes().size()];
        for (int row : manifest.rowsOf(Split.TRAIN)) {
            real[manifest.label(row)]++;
        }
        BalancePlan plan = BalancePlan.of(spec.strategy(), spec.neighbours(), manifest.classes(), real);
        LOG.infof(
                "classes planned run=%s classes=%d growing=%d rows=%d",
                run.id(), real.length, plan.growing().size(), plan.rows());
        job.done(tx -> {
            BalanceTables.plan(tx.sql(), run.id(), ref, plan.sizes());
            for (ClassSize size : plan.growing()) {
                FindNeighbours.Order order = new FindNeighbours.Order(
                        ref, size.label(), size.name(), size.synthetic(), plan.firstOrdinal(size.label()));
                tx.add(new Job.New(run, FindNeighbours.KIND, Integer.toString(size.label()), order));
            }
            if (plan.growing().isEmpty()) {
                tx.add(new Job.New(run, AssembleShards.KIND, "", null));
            }
        });
    }
}
