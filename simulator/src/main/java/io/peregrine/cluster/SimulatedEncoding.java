package io.peregrine.cluster;

import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.cluster.analysis.Points;
import io.peregrine.cluster.postgres.Clusters;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Replaces [EncodePacks], whose engine is native. The latent vector of an image is the mean of each colour
/// channel. It writes the same rows and publishes the same events as the real handler.
final class SimulatedEncoding implements JobHandler {
    private static final int DIMENSIONS = 3;

    private final ArtifactStore store;

    SimulatedEncoding(ArtifactStore store) {
        this.store = store;
    }

    @Override
    public String kind() {
        return EncodePacks.KIND;
    }

    @Override
    public void work(JobContext context) throws Exception {
        RunRef run = context.job().run();
        EncodePacks.Order order = EventCodec.json().treeToValue(context.job().payload(), EncodePacks.Order.class);
        Manifest manifest = Manifest.open(store, order.input().manifest());
        store.open(order.input().weights());
        int[][] rows = new int[order.packs()][];
        List<Points> codes = new ArrayList<>();
        for (int i = 0; i < order.packs(); i++) {
            int number = order.first() + i;
            rows[i] = IntStream.range(0, manifest.rows())
                    .filter(row -> manifest.pack(row) == number)
                    .toArray();
            try (PixelPack pack = PixelPack.open(store, manifest.packs().get(number))) {
                codes.add(codes(pack, rows[i], manifest));
            }
        }
        context.check();
        context.complete(tx -> {
            Clusters.Encoded encoded = Clusters.encoded(tx.sql(), run.id(), order.first(), rows, codes);
            tx.publish(
                    new StageProgressed(
                            run, Stage.CLUSTER, "encode", encoded.done(), encoded.total(), "packs", Map.of()),
                    "encode/" + order.first());
            if (encoded.done() == encoded.total()) {
                tx.add(new Job.New(run, AnalyseRun.KIND, "all", order.input().manifest()));
            }
        });
    }

    private static Points codes(PixelPack pack, int[] rows, Manifest manifest) {
        int pixels = pack.side() * pack.side();
        float[] codes = new float[rows.length * DIMENSIONS];
        for (int i = 0; i < rows.length; i++) {
            MemorySegment image = pack.image(manifest.index(rows[i]));
            for (int at = 0; at < DIMENSIONS * pixels; at++) {
                codes[i * DIMENSIONS + at / pixels] += (image.get(ValueLayout.JAVA_BYTE, at) & 0xff) / (float) pixels;
            }
        }
        return new Points(rows.length, DIMENSIONS, codes);
    }
}
