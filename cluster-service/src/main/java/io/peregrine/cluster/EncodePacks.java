package io.peregrine.cluster;

import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.cluster.analysis.Points;
import io.peregrine.cluster.postgres.Clusters;
import io.peregrine.cluster.postgres.RunState.EncodingInput;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import io.peregrine.vision.nn.Encoder;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import io.peregrine.work.quarkus.ManifestCache;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Encodes the images of some packs with the run's final autoencoder. The job that encodes the last pack adds the
/// analysis.
@ApplicationScoped
class EncodePacks implements JobHandler {
    static final String KIND = "encode";

    /// @param first number of the first pack in the manifest
    /// @param packs number of consecutive packs
    record Order(EncodingInput input, int first, int packs) {}

    private final ArtifactStore store;
    private final ManifestCache manifests;
    private final ClusterConfig config;

    EncodePacks(ArtifactStore store, ManifestCache manifests, ClusterConfig config) {
        this.store = store;
        this.manifests = manifests;
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
        Manifest manifest = manifests.open(order.input().manifest());
        int[][] rows = rows(manifest, order);
        List<Points> latents = encode(context, order, manifest, rows);
        context.complete(tx -> {
            Clusters.Encoded encoded = Clusters.encoded(tx.sql(), run.id(), order.first(), rows, latents);
            tx.publish(
                    new StageProgressed(
                            run, Stage.CLUSTER, "encode", encoded.done(), encoded.total(), "packs", Map.of()),
                    "encode/" + order.first());
            if (encoded.done() == encoded.total()) {
                tx.add(new Job.New(run, AnalyseRun.KIND, "all", order.input().manifest()));
            }
        });
    }

    /// @return for each pack, the manifest's rows in the order of the pack's images
    private static int[][] rows(Manifest manifest, Order order) {
        int[][] rows = new int[order.packs()][0];
        for (int row = 0; row < manifest.rows(); row++) {
            int pack = manifest.pack(row) - order.first();
            if (pack >= 0 && pack < rows.length) {
                int index = manifest.index(row);
                if (index >= rows[pack].length) {
                    rows[pack] = Arrays.copyOf(rows[pack], index + 1);
                }
                rows[pack][index] = row;
            }
        }
        return rows;
    }

    private List<Points> encode(JobContext context, Order order, Manifest manifest, int[][] rows) {
        List<Points> latents = new ArrayList<>();
        try (Safetensors weights = Safetensors.open(store, order.input().weights());
                Encoder encoder = new Encoder(weights)) {
            for (int pack = 0; pack < order.packs(); pack++) {
                latents.add(encode(context, encoder, manifest, order.first() + pack, rows[pack].length));
            }
        }
        return latents;
    }

    private Points encode(JobContext context, Encoder encoder, Manifest manifest, int number, int count) {
        try (PixelPack pack = PixelPack.open(store, manifest.packs().get(number))) {
            if (pack.count() != count) {
                throw FailureException.internal(
                        "PACK_CORRUPT",
                        "pack %d has %d images, but its manifest lists %d".formatted(number, pack.count(), count),
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
                    throw FailureException.input(
                            "AUTOENCODER_DIVERGED",
                            "the autoencoder's latents are not finite: its training diverged; use a lower"
                                    + " autoencoder.learningRate");
                }
            }
            return new Points(count, d, latents);
        }
    }
}
