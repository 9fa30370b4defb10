package io.peregrine.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.artifacts.ClassBalance;
import io.peregrine.artifacts.ClassResults;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.Calibration;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.ImageRef;
import io.peregrine.events.PipelineEvent.ImageRejected;
import io.peregrine.events.PipelineEvent.ImagesIngested;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.PipelineEvent.RunAccepted;
import io.peregrine.events.PipelineEvent.ShardWritten;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.PipelineEvent.TestMeasures;
import io.peregrine.events.RunRef;
import io.peregrine.events.Split;
import io.peregrine.events.Stage;
import io.peregrine.events.spec.InvalidSpecException;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.testkit.Golden;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// A small run as published by ingest, balance and trainer: three classes of plain colour and noise, real packs,
/// a real manifest, and an autoencoder created by PyTorch. One image is refused.
final class SyntheticRun {
    static final List<String> CLASSES = List.of("Blue_Period", "Red_Period", "Ukiyo_e");
    static final int SIDE = 32;
    private static final int[] TRAIN = {14, 9, 6};
    private static final int TEST = 3;

    final List<CloudEvent> events = new ArrayList<>();
    final RunRef run;
    final int images;

    private final ArtifactStore store;
    private final Random random;
    private final Instant begin;
    private final List<ArtifactRef> packs = new ArrayList<>();
    private final List<Manifest.Entry> entries = new ArrayList<>();

    SyntheticRun(ArtifactStore store, String id) throws InvalidSpecException {
        this.store = store;
        this.random = new Random(7);
        // Long enough ago that none of its events lies in the future.
        this.begin = Instant.now().minusSeconds(120).truncatedTo(ChronoUnit.SECONDS);
        ObjectNode body =
                EventCodec.json().createObjectNode().put("dataset", "colours").put("uri", "file:///data/colours");
        body.putObject("clusters").put("seed", 42);
        body.putObject("image").put("side", SIDE);
        body.putObject("autoencoder").put("latent", 20).put("epochs", 2);
        String runId = EventCodec.runId("/studio", id);
        ArtifactRef spec =
                store.unreferenced().publish("run", "json", RunSpec.parse(body).toJson());
        run = new RunRef(runId, "colours", spec);
        DatasetReady ready = new DatasetReady("colours", body);
        events.add(new CloudEvent(id, "/studio", ready.type(), begin, runId, runId, null, ready));
        publish(1, "accepted", new RunAccepted(run, "file:///data/colours"));
        for (Split split : List.of(Split.TEST, Split.TRAIN)) {
            for (int label = 0; label < CLASSES.size(); label++) {
                pack(label, split, split == Split.TEST ? TEST : TRAIN[label]);
            }
        }
        images = (int) entries.stream().filter(e -> e.pack() >= 0).count();
        balanced(sealed());
        trained();
    }

    private void pack(int label, Split split, int count) {
        List<byte[]> pixels = new ArrayList<>();
        List<ImageRef> refs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String path = "painting %d.png".formatted(i);
            String sha256 =
                    EventCodec.eventId("file", path, split + "/" + label).repeat(2);
            int row = entries.size();
            String imageId = EventCodec.eventId(split.jsonName(), CLASSES.get(label), path);
            if (label == 1 && split == Split.TRAIN && i == 4) {
                entries.add(new Manifest.Entry(label, split, -1, -1, path, sha256, "IMAGE_TRUNCATED"));
                publish(
                        20,
                        "refused " + row,
                        new ImageRejected(
                                run,
                                imageId,
                                row,
                                CLASSES.get(label),
                                split,
                                path,
                                sha256,
                                "IMAGE_TRUNCATED",
                                "the JPEG ends before its last line"));
            } else {
                entries.add(new Manifest.Entry(label, split, packs.size(), pixels.size(), path, sha256, null));
                refs.add(new ImageRef(imageId, row, path, sha256, pixels.size()));
                pixels.add(image(label));
            }
        }
        ArtifactRef pack = PixelPack.publish(store.unreferenced(), Map.of("side", "32"), SIDE, pixels);
        publish(
                21 + packs.size(),
                "pack " + packs.size(),
                new ImagesIngested(run, CLASSES.get(label), split, packs.size(), pack, refs));
        packs.add(pack);
    }

    private byte[] image(int label) {
        byte[] pixels = new byte[3 * SIDE * SIDE];
        for (int channel = 0; channel < 3; channel++) {
            int tone = channel == label ? 60 : 190;
            for (int at = 0; at < SIDE * SIDE; at++) {
                pixels[channel * SIDE * SIDE + at] = (byte) (tone + random.nextInt(40));
            }
        }
        return pixels;
    }

    private ManifestRef sealed() {
        ManifestRef manifest = new Manifest(SIDE, CLASSES, packs, entries).publish(store.unreferenced());
        publish(40, "ingest", new StageProgressed(run, Stage.INGEST, "decode", 38, 38, "images", Map.of()));
        publish(41, "sealed", new DatasetSealed(run, manifest, CLASSES.size(), images, 9, 1, 0));
        return manifest;
    }

    private void balanced(ManifestRef manifest) {
        RecipeShard recipes = new RecipeShard(
                new long[] {9, 10}, new long[] {9, 11}, new double[] {0, .5}, new long[] {0, 0}, new long[] {0, 1});
        ArtifactRef shard = recipes.publish(store.unreferenced(), Map.of());
        publish(50, "0", new ShardWritten(run, 0, 1, shard, 2));
        List<ClassBalance> classes = List.of(
                // Two of its 14 images were dropped.
                new ClassBalance(CLASSES.get(0), 12, 0, 0, null, null, 2L, null),
                new ClassBalance(CLASSES.get(1), 8, 6, 1),
                new ClassBalance(CLASSES.get(2), 6, 8, 0));
        ArtifactRef balance = ClassBalance.publish(store.unreferenced(), classes);
        publish(51, "balanced", new DatasetBalanced(run, manifest, List.of(shard), balance, 40, 14));
    }

    private void trained() {
        ArtifactRef results = new ClassResults.Counter(3)
                .add(0, 0, 3)
                .add(1, 1, 2)
                .add(1, 2, 1)
                .add(2, 0, 1)
                .add(2, 2, 2)
                .results()
                .publish(store.unreferenced());
        TestMeasures test = new TestMeasures(.8, 7 / 9., .75, .74, 9, new Calibration(.25, .125, 7 / 9.), results);
        for (int epoch = 1; epoch <= 2; epoch++) {
            Map<String, Double> measures = new LinkedHashMap<>(Map.of("loss", 1.2 / epoch, "accuracy", .4 * epoch));
            publish(
                    60 + epoch,
                    "classifier " + epoch,
                    new CheckpointPublished(
                            run,
                            Network.CLASSIFIER,
                            epoch,
                            2,
                            true,
                            epoch == 2,
                            weights(),
                            measures,
                            epoch == 2 ? test : null));
            TestMeasures loss = new TestMeasures(2_000, null, null, null, 9, null, null);
            publish(
                    70 + epoch,
                    "autoencoder " + epoch,
                    new CheckpointPublished(
                            run,
                            Network.AUTOENCODER,
                            epoch,
                            2,
                            true,
                            epoch == 2,
                            weights(),
                            Map.of("loss", 5_000. / epoch),
                            epoch == 2 ? loss : null));
        }
        // Published by a training that was restarted later and then ended at this epoch: the end is kept.
        ArtifactRef gone = new ArtifactRef("store:checkpoint/00/" + "0".repeat(64) + ".safetensors", "0".repeat(64), 1);
        publish(
                50,
                "before it was begun anew",
                new CheckpointPublished(
                        run, Network.AUTOENCODER, 2, 2, false, false, gone, Map.of("loss", 9_000.), null));
    }

    private ArtifactRef weights() {
        try (Safetensors golden = Safetensors.open(Golden.file("autoencoder.safetensors"))) {
            SafetensorsWriter writer = new SafetensorsWriter();
            for (String name : golden.names()) {
                if (name.startsWith("before.")) {
                    Safetensors.Tensor tensor = golden.tensor(name);
                    writer.add(name.substring("before.".length()), tensor.shape(), tensor.floats());
                }
            }
            return store.unreferenced().publish("checkpoint", "safetensors", writer::writeTo);
        }
    }

    private void publish(int second, String ordinal, PipelineEvent event) {
        String id = EventCodec.eventId(run.id(), event.type(), ordinal);
        events.add(new CloudEvent(
                id, "/peregrine/test", event.type(), begin.plusSeconds(second), run.id(), run.id(), null, event));
    }
}
