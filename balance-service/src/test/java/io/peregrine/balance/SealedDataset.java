package io.peregrine.balance;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.Manifest.Entry;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.RunRef;
import io.peregrine.events.Split;
import io.peregrine.events.spec.InvalidSpecException;
import io.peregrine.events.spec.RunSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.UUID;

/// A dataset as the ingest service publishes it. Packs and manifest are in the store. Test images come before the
/// training images, validation images after them, and each class has a rejected file in the middle.
final class SealedDataset {
    private static final int TEST = 3;

    private final ArtifactStore store;
    private final int side;
    private final Random random;
    private final List<ArtifactRef> packs = new ArrayList<>();
    private final List<Entry> entries = new ArrayList<>();

    private SealedDataset(ArtifactStore store, int side, long seed) {
        this.store = store;
        this.side = side;
        this.random = new Random(seed);
    }

    /// A new run, whose specification is in the store.
    ///
    /// @param balance fields of `balance` that differ from the defaults, as JSON
    static RunRef run(ArtifactStore store, String balance) throws IOException, InvalidSpecException {
        ObjectNode body = (ObjectNode) EventCodec.json().readTree("""
                {"dataset": "gallery", "uri": "file:///gallery", "balance": %s}""".formatted(balance));
        return new RunRef(
                UUID.randomUUID().toString().replace("-", ""),
                "gallery",
                store.unreferenced().publish("run", "json", RunSpec.parse(body).toJson()));
    }

    /// @return classes of these sizes, in label order
    static SequencedMap<String, Integer> classes(int... counts) {
        SequencedMap<String, Integer> classes = new LinkedHashMap<>();
        List<String> names = List.of("Baroque", "Cubism", "Rococo", "Ukiyo_e");
        for (int i = 0; i < counts.length; i++) {
            classes.put(names.get(i), counts[i]);
        }
        return classes;
    }

    /// @param train accepted training images by class, in label order
    static DatasetSealed publish(
            ArtifactStore store, RunRef run, int side, SequencedMap<String, Integer> train, long seed) {
        SealedDataset made = new SealedDataset(store, side, seed);
        List<String> classes = List.copyOf(train.sequencedKeySet());
        for (Split split : Split.values()) {
            for (int label = 0; label < classes.size(); label++) {
                made.add(split, label, split == Split.TRAIN ? train.get(classes.get(label)) : TEST);
            }
        }
        ManifestRef manifest = new Manifest(side, classes, made.packs, made.entries).publish(store.unreferenced());
        long images = made.entries.stream().filter(entry -> entry.pack() >= 0).count();
        return new DatasetSealed(run, manifest, classes.size(), images, 0, made.entries.size() - images, 0);
    }

    private void add(Split split, int label, int count) {
        int pack = packs.size();
        List<byte[]> images = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (split == Split.TRAIN && i == count / 2) {
                entries.add(
                        new Entry(label, split, -1, -1, "half-%d.jpg".formatted(i), "0".repeat(64), "IMAGE_TRUNCATED"));
            }
            byte[] pixels = new byte[3 * side * side];
            int light = random.nextInt(64);
            for (int j = 0; j < pixels.length; j++) {
                pixels[j] = (byte) (light + random.nextInt(192));
            }
            images.add(pixels);
            entries.add(new Entry(label, split, pack, i, "%d.jpg".formatted(i), "0".repeat(64), null));
        }
        packs.add(PixelPack.publish(store.unreferenced(), Map.of("side", Integer.toString(side)), side, images));
    }
}
