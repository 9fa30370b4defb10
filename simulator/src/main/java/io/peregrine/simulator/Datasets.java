package io.peregrine.simulator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The datasets that simulated users publish: a few images of two classes in the format PNM, which is decoded in
/// Java.
final class Datasets {
    /// Number of different datasets; runs of the same dataset share artifacts.
    static final int COUNT = 2;

    private static final int SIDE = 8;

    private final Path folder;

    /// @param folder folder into which they are written
    Datasets(Path folder) throws IOException {
        this.folder = folder.toRealPath();
        for (int dataset = 0; dataset < COUNT; dataset++) {
            write(dataset, "train", "a", 2);
            write(dataset, "train", "b", 1);
            write(dataset, "test", "a", 1);
        }
    }

    private void write(int dataset, String split, String label, int images) throws IOException {
        Path of = Files.createDirectories(
                folder.resolve("d" + dataset).resolve(split).resolve(label));
        for (int image = 0; image < images; image++) {
            byte[] header = "P6 %d %d 255\n".formatted(SIDE, SIDE).getBytes();
            byte[] file = new byte[header.length + 3 * SIDE * SIDE];
            System.arraycopy(header, 0, file, 0, header.length);
            for (int at = header.length; at < file.length; at++) {
                file[at] = (byte) (31 * dataset + 57 * label.charAt(0) + 11 * image + 7 * at + split.length());
            }
            Files.write(of.resolve(image + ".ppm"), file);
        }
    }

    Path folder() {
        return folder;
    }

    /// @return the data of a dataset-ready event
    String ready(int dataset) {
        return """
                {"dataset":"d%d","uri":"file://%s/d%d","image":{"side":8},"balance":{"method":"random-over"},\
                "classifier":{"preset":"seed-cnn","epochs":2},"autoencoder":{"preset":"seed-autoencoder","epochs":2}}""".formatted(dataset, folder, dataset);
    }
}
