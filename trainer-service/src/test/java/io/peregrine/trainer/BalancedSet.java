package io.peregrine.trainer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.artifacts.ClassBalance;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.Manifest.Entry;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.RunRef;
import io.peregrine.events.Split;
import io.peregrine.events.spec.InvalidSpecException;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.random.Mt19937;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// A balanced dataset as the balance service publishes it: 24 dark images, 12 light ones and 12 blends of light
/// ones, in two shards, with 4 test images of each class.
final class BalancedSet {
    private static final int SIDE = 16;
    private static final int DARK = 24;
    private static final int LIGHT = 12;
    private static final int TEST = 4;

    private BalancedSet() {}

    /// @param fields of the specification's two networks, as JSON
    static DatasetBalanced publish(ArtifactStore store, String classifier, String autoencoder)
            throws IOException, InvalidSpecException {
        RunSpec spec =
                RunSpec.parse((ObjectNode) EventCodec.json().readTree("""
                        {"dataset": "shades", "uri": "file:///shades", "image": {"side": %d},
                         "balance": {"strategy": "auto"}, "classifier": %s, "autoencoder": %s}""".formatted(SIDE, classifier, autoencoder)));
        RunRef run = new RunRef(
                UUID.randomUUID().toString().replace("-", ""),
                "shades",
                store.unreferenced().publish("run", "json", spec.toJson()));
        return new DatasetBalanced(
                run,
                manifest(store),
                shards(store),
                ClassBalance.publish(
                        store.unreferenced(),
                        List.of(
                                new ClassBalance("dark", DARK, 0, 0),
                                new ClassBalance("light", LIGHT, DARK - LIGHT, 0))),
                2 * DARK,
                DARK - LIGHT);
    }

    private static ManifestRef manifest(ArtifactStore store) {
        Mt19937 random = new Mt19937(5);
        List<ArtifactRef> packs = new ArrayList<>();
        List<Entry> entries = new ArrayList<>();
        for (Split split : List.of(Split.TEST, Split.TRAIN)) {
            for (int label = 0; label < 2; label++) {
                int count = split == Split.TEST ? TEST : label == 0 ? DARK : LIGHT;
                List<byte[]> images = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    byte[] pixels = new byte[3 * SIDE * SIDE];
                    for (int j = 0; j < pixels.length; j++) {
                        pixels[j] = (byte) (random.below(100) + 150 * label);
                    }
                    images.add(pixels);
                    entries.add(new Entry(label, split, packs.size(), i, i + ".png", "0".repeat(64), null));
                }
                packs.add(
                        PixelPack.publish(store.unreferenced(), Map.of("side", Integer.toString(SIDE)), SIDE, images));
            }
        }
        return new Manifest(SIDE, List.of("dark", "light"), packs, entries).publish(store.unreferenced());
    }

    private static List<ArtifactRef> shards(ArtifactStore store) {
        int first = 2 * TEST;
        List<ArtifactRef> shards = new ArrayList<>();
        for (int shard = 0; shard < 2; shard++) {
            int n = DARK;
            long[] base = new long[n];
            long[] neighbour = new long[n];
            double[] gap = new double[n];
            long[] label = new long[n];
            long[] ordinal = new long[n];
            for (int i = 0; i < n; i++) {
                int at = 2 * i + shard;
                boolean real = at < DARK + LIGHT;
                base[i] = first + (real ? at : at - LIGHT);
                neighbour[i] = real ? base[i] : first + DARK + (at + 1) % LIGHT;
                gap[i] = real ? 0 : at / 100.0;
                label[i] = at < DARK ? 0 : 1;
                ordinal[i] = at;
            }
            shards.add(new RecipeShard(base, neighbour, gap, label, ordinal).publish(store.unreferenced(), Map.of()));
        }
        return shards;
    }
}
