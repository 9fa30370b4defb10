package io.peregrine.cluster;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.cluster.analysis.Points;
import io.peregrine.cluster.postgres.Clusters;
import io.peregrine.cluster.postgres.RunState.EncodingInput;
import io.peregrine.events.EventCodec;
import io.peregrine.events.Failure;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import io.peregrine.vision.Encoder;
import io.peregrine.work.Job;
import io.peregrine.work.JobContext;
import io.peregrine.work.JobHandler;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;

/// Encodes the pictures of one pack with the run's final autoencoder; the last pack of a run has it analysed.
@ApplicationScoped
class EncodePack implements JobHandler {
    static final String KIND = "encode";

    /// @param pack its number in the manifest
    record Order(EncodingInput input, int pack) {}

    private final ArtifactStore store;
    private final ClusterConfig config;

    EncodePack(ArtifactStore store, ClusterConfig config) {
        this.store = store;
        this.config = config;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext context) throws IOException {
        RunRef run = context.job().run();
        Order order = EventCodec.json().treeToValue(context.job().payload(), Order.class);
        Manifest manifest = Manifest.open(store, order.input().manifest());
        int[] rows = rowsOf(manifest, order.pack());
        Points latents = encode(context, order, manifest, rows.length);
        context.done(tx -> {
            Clusters.Encoded encoded = Clusters.encoded(tx.sql(), run.id(), order.pack(), rows, latents);
            tx.say(
                    new StageProgressed(
                            run, Stage.CLUSTER, "encode", encoded.done(), encoded.total(), "packs", Map.of()),
                    "encode/" + order.pack());
            if (encoded.done() == encoded.total()) {
                tx.add(new Job.New(run, AnalyseRun.KIND, "all", order.input().manifest()));
            }
        });
    }

    /// @return the manifest's rows in the order in which they lie in the pack
    private static int[] rowsOf(Manifest manifest, int pack) {
        int[] rows = new int[manifest.rows()];
        int count = 0;
        for (int row = 0; row < rows.length; row++) {
            if (manifest.pack(row) == pack) {
                rows[manifest.index(row)] = row;
                count++;
            }
        }
        return Arrays.copyOf(rows, count);
    }

    private Points encode(JobContext context, Order order, Manifest manifest, int count) {
        try (Safetensors weights = Safetensors.open(store, order.input().weights());
                Encoder encoder = new Encoder(weights);
                PixelPack pack = PixelPack.open(store, manifest.packs().get(order.pack()))) {
            if (pack.count() != count) {
                throw Failure.ours(
                        "PACK_CORRUPT",
                        "pack %d has %d pictures, its manifest tells of %d"
                                .formatted(order.pack(), pack.count(), count),
                        null);
            }
            int d = encoder.latent();
            long values = 3L * pack.side() * pack.side();
            float[] latents = new float[count * d];
            for (int from = 0; from < count; from += config.encodeBatch()) {
                context.check();
                int size = Math.min(config.encodeBatch(), count - from);
                float[] batch = encoder.encode(pack.pixels().asSlice(from * values, size * values), size, pack.side());
                System.arraycopy(batch, 0, latents, from * d, size * d);
            }
            for (float latent : latents) {
                if (!Float.isFinite(latent)) {
                    throw Failure.input(
                            "AUTOENCODER_DIVERGED",
                            "the autoencoder's latents are not finite: its training diverged; say a lower"
                                    + " autoencoder.learningRate");
                }
            }
            return new Points(count, d, latents);
        }
    }
}
