package io.peregrine.cluster;

import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.cluster.postgres.Clusters;
import io.peregrine.cluster.postgres.RunState.EncodingInput;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.RunRef;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Adds encoding jobs of several packs each, so that replicas share the work. A dataset of 10,000 classes has at
/// least 10,000 packs, most of them small. So every job except the last has at least 256 images.
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
            throw FailureException.input(
                    "TOO_FEW_IMAGES", "the dataset has no pack of images; clustering needs at least 2 images");
        }
        context.complete(tx -> {
            Clusters.plan(tx.sql(), run.id(), manifest.packs());
            for (EncodePacks.Order order : orders(input, manifest)) {
                tx.add(new Job.New(run, EncodePacks.KIND, Integer.toString(order.first()), order));
            }
        });
    }

    private static List<EncodePacks.Order> orders(EncodingInput input, Manifest manifest) {
        int[] images = new int[manifest.packs().size()];
        for (int row = 0; row < manifest.rows(); row++) {
            if (manifest.pack(row) >= 0) {
                images[manifest.pack(row)]++;
            }
        }
        List<EncodePacks.Order> orders = new ArrayList<>();
        int first = 0;
        int together = 0;
        for (int pack = 0; pack < images.length; pack++) {
            together += images[pack];
            if (together >= PixelPack.LISTED || pack == images.length - 1) {
                orders.add(new EncodePacks.Order(input, first, pack - first + 1));
                first = pack + 1;
                together = 0;
            }
        }
        return orders;
    }
}
