package io.peregrine.trainer.run;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.FileStore;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.Manifest.Entry;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.EventCodec;
import io.peregrine.events.RunSpec.TrainSpec;
import io.peregrine.events.Split;
import io.peregrine.trainer.run.NetworkTraining.Material;
import io.peregrine.vision.Torch;
import io.peregrine.vision.TrainableNetwork;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The trainer's side of `./peregrine bench train`: a training as the service does it, prefetch and all, without
/// broker and database.
public final class TrainingSpeed {
    private static final int LATENT = 300;
    private static final long SEED = 42;

    private TrainingSpeed() {}

    /// Prints one line of JSON: `seconds` of each step, its waiting included; `waited` and `optimizer`, seconds in all;
    /// `losses` of each epoch.
    ///
    /// @param arguments network, file of pictures (safetensors: `pixels` u8 [n, 3, side, side], `labels` i64 [n]),
    ///     folder to work in, batch size, epochs, threads
    public static void main(String[] arguments) throws IOException {
        String preset = arguments[0];
        int batch = Integer.parseInt(arguments[3]);
        int epochs = Integer.parseInt(arguments[4]);
        int threads = Integer.parseInt(arguments[5]);
        Torch.load(threads);
        Manifest manifest = manifest(Path.of(arguments[1]), new FileStore(Path.of(arguments[2])));
        double rate = preset.endsWith("autoencoder") ? 0.001 : 0.01;
        TrainSpec spec = new TrainSpec(preset, LATENT, epochs, batch, rate, SEED, 0.1);
        TrainableNetwork network =
                Networks.of(spec, manifest.side(), manifest.classes().size(), null);
        List<Double> seconds = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        double[] computed = new double[1];
        double optimizer;
        try (PixelRows pixels = new PixelRows(new FileStore(Path.of(arguments[2])), manifest);
                NetworkTraining training = new NetworkTraining(network, spec, material(manifest, pixels))) {
            while (!training.isOver()) {
                long[] before = {System.nanoTime()};
                losses.add(training.epoch(
                                (position, batches, rows, step) -> {
                                    long now = System.nanoTime();
                                    seconds.add((now - before[0]) / 1e9);
                                    computed[0] += step;
                                    before[0] = now;
                                },
                                () -> {})
                        .measures()
                        .get("loss"));
            }
            optimizer = training.optimizerSeconds();
        }
        double all = seconds.stream().mapToDouble(s -> s).sum();
        System.out.println(EventCodec.json()
                .writeValueAsString(Map.of(
                        "seconds", seconds, "waited", all - computed[0], "optimizer", optimizer, "losses", losses)));
    }

    private static Material material(Manifest manifest, PixelRows pixels) {
        return new Material(
                pixels,
                manifest.side(),
                manifest.classes().size(),
                TrainingRows.ofSplit(manifest, Split.TRAIN),
                TrainingRows.ofSplit(manifest, Split.VALIDATION),
                TrainingRows.ofSplit(manifest, Split.TEST));
    }

    private static Manifest manifest(Path file, ArtifactStore store) throws IOException {
        try (Safetensors drawn = Safetensors.open(file)) {
            int side = Math.toIntExact(drawn.tensor("pixels").shape()[2]);
            int values = 3 * side * side;
            long[] labels = drawn.tensor("labels").longs();
            List<byte[]> pictures = new ArrayList<>();
            List<Entry> entries = new ArrayList<>();
            List<String> classes = new ArrayList<>();
            for (int row = 0; row < labels.length; row++) {
                pictures.add(drawn.tensor("pixels")
                        .data()
                        .asSlice((long) row * values, values)
                        .toArray(ValueLayout.JAVA_BYTE));
                int label = Math.toIntExact(labels[row]);
                entries.add(new Entry(label, Split.TRAIN, 0, row, row + ".png", "", null));
                while (classes.size() <= label) {
                    classes.add("class " + classes.size());
                }
            }
            return new Manifest(side, classes, List.of(PixelPack.publish(store, Map.of(), side, pictures)), entries);
        }
    }
}
