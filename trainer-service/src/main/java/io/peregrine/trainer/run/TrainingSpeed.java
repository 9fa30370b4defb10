package io.peregrine.trainer.run;

import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.Manifest.Entry;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.EventCodec;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.events.spec.RunSpec.TrainingOptions;
import io.peregrine.vision.engine.TorchEngine;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/// The trainer's part of `./peregrine bench train`: the service's training loop with prefetch, without broker and
/// database.
public final class TrainingSpeed {
    private static final int LATENT = 300;
    private static final long SEED = 42;

    private TrainingSpeed() {}

    /// Prints one line of JSON: `seconds` of each step including its wait for the batch; `waited` and
    /// `optimizer`, total seconds; `losses` of each epoch. Before the measurement, another training warms up the
    /// JIT compiler and the engine; its result is discarded.
    ///
    /// @param arguments network, file of images (safetensors: `pixels` u8 [n, 3, side, side], `labels` i64 [n]),
    ///     working folder, batch size, batches per epoch (images repeat as needed), epochs, threads, seconds of
    ///     warm-up, device
    public static void main(String[] arguments) throws IOException {
        String preset = arguments[0];
        int batch = Integer.parseInt(arguments[3]);
        int rows = batch * Integer.parseInt(arguments[4]);
        int epochs = Integer.parseInt(arguments[5]);
        TorchEngine.load(Integer.parseInt(arguments[6]));
        long warmUp = (long) (1e9 * Double.parseDouble(arguments[7]));
        Manifest manifest = manifest(Path.of(arguments[1]), new FileStore(Path.of(arguments[2])));
        double rate = preset.endsWith("autoencoder") ? 0.001 : 0.01;
        TrainSpec spec = new TrainSpec(
                preset, LATENT, epochs, batch, rate, SEED, 0.1, TrainingOptions.PLAIN, arguments[8], null);
        try (PixelRows pixels = new PixelRows(new FileStore(Path.of(arguments[2])), manifest)) {
            try (NetworkTraining training = training(spec, manifest, pixels, manifest.rows())) {
                long until = System.nanoTime() + warmUp;
                while (System.nanoTime() < until) {
                    training.epoch((position, batches, count, step) -> {}, () -> {});
                }
            }
            try (NetworkTraining training = training(spec, manifest, pixels, rows)) {
                System.out.println(EventCodec.json().writeValueAsString(measured(training)));
            }
        }
    }

    private static Map<String, Object> measured(NetworkTraining training) {
        List<Double> seconds = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        double[] computed = new double[1];
        while (!training.isOver()) {
            long[] before = {System.nanoTime()};
            losses.add(training.epoch(
                            (position, batches, count, step) -> {
                                long now = System.nanoTime();
                                seconds.add((now - before[0]) / 1e9);
                                computed[0] += step;
                                before[0] = now;
                            },
                            () -> {})
                    .measures()
                    .get("loss"));
        }
        double all = seconds.stream().mapToDouble(s -> s).sum();
        return Map.of(
                "seconds",
                seconds,
                "waited",
                all - computed[0],
                "optimizer",
                training.optimizerSeconds(),
                "losses",
                losses);
    }

    private static NetworkTraining training(TrainSpec spec, Manifest manifest, PixelRows pixels, int rows) {
        int classes = manifest.classes().size();
        long[] image =
                LongStream.range(0, rows).map(row -> row % manifest.rows()).toArray();
        long[] label =
                LongStream.of(image).map(row -> manifest.label((int) row)).toArray();
        return new NetworkTraining(
                Networks.of(spec, manifest.side(), classes, null),
                spec,
                new TrainingData(
                        pixels,
                        manifest.side(),
                        classes,
                        new TrainingRows(image, image, new double[rows], label),
                        TrainingRows.ofSplit(manifest, Split.VALIDATION),
                        TrainingRows.ofSplit(manifest, Split.TEST),
                        // All images are in the training split, so none is tested.
                        null));
    }

    private static Manifest manifest(Path file, ArtifactStore store) throws IOException {
        try (Safetensors drawn = Safetensors.open(file)) {
            int side = Math.toIntExact(drawn.tensor("pixels").shape()[2]);
            int values = 3 * side * side;
            long[] labels = drawn.tensor("labels").longs();
            List<byte[]> images = new ArrayList<>();
            List<Entry> entries = new ArrayList<>();
            List<String> classes = new ArrayList<>();
            for (int row = 0; row < labels.length; row++) {
                images.add(drawn.tensor("pixels")
                        .data()
                        .asSlice((long) row * values, values)
                        .toArray(ValueLayout.JAVA_BYTE));
                int label = Math.toIntExact(labels[row]);
                entries.add(new Entry(label, Split.TRAIN, 0, row, row + ".png", "", null));
                while (classes.size() <= label) {
                    classes.add("class " + classes.size());
                }
            }
            return new Manifest(
                    side, classes, List.of(PixelPack.publish(store.unreferenced(), Map.of(), side, images)), entries);
        }
    }
}
