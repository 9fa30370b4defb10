package io.peregrine.cluster;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.Manifest;
import io.peregrine.cluster.postgres.Clusters;
import io.peregrine.cluster.postgres.RunState.EncodingInput;
import io.peregrine.events.EventCodec;
import io.peregrine.events.Failure;
import io.peregrine.events.RunRef;
import io.peregrine.work.Job;
import io.peregrine.work.JobContext;
import io.peregrine.work.JobHandler;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;

/// Makes one job for each pack of a run, so that replicas share the encoding.
@ApplicationScoped
class PlanEncoding implements JobHandler {
    static final String KIND = "plan-encoding";

    private final ArtifactStore store;

    PlanEncoding(ArtifactStore store) {
        this.store = store;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext context) throws IOException {
        RunRef run = context.job().run();
        EncodingInput input = EventCodec.json().treeToValue(context.job().payload(), EncodingInput.class);
        Manifest manifest = Manifest.open(store, input.manifest());
        if (manifest.packs().isEmpty()) {
            throw Failure.input(
                    "TOO_FEW_PICTURES", "the dataset has no pack of pictures; clusters take at least 2 pictures");
        }
        context.done(tx -> {
            Clusters.plan(tx.sql(), run.id(), manifest.packs());
            for (int pack = 0; pack < manifest.packs().size(); pack++) {
                tx.add(new Job.New(run, EncodePack.KIND, Integer.toString(pack), new EncodePack.Order(input, pack)));
            }
        });
    }
}
