package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/// Datasets with many classes of tiny noise images, which are fast to process.
final class TinyImages {
    static final int SIDE = 8;

    private TinyImages() {}

    /// @param images number of images of each class
    static void write(Path folder, int classes, int images) throws IOException {
        Random random = new Random(20);
        for (int label = 0; label < classes; label++) {
            Path of = Files.createDirectories(folder.resolve("class_%05d".formatted(label)));
            for (int i = 0; i < images; i++) {
                byte[] pixels = new byte[3 * SIDE * SIDE];
                random.nextBytes(pixels);
                ByteArrayOutputStream ppm = new ByteArrayOutputStream();
                ppm.write("P6\n%d %d\n255\n".formatted(SIDE, SIDE).getBytes(US_ASCII));
                ppm.write(pixels);
                Files.write(of.resolve("%05d.ppm".formatted(i)), ppm.toByteArray());
            }
        }
    }
}
