package io.peregrine.endtoend;

import io.peregrine.random.Mt19937;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;

/// Small labelled folders of PNG files for the tests of this module. Each class has its own palette and shape.
public final class SyntheticPaintings {
    private static final List<Color> PALETTE =
            List.of(new Color(190, 60, 40), new Color(40, 90, 170), new Color(60, 140, 70), new Color(210, 180, 60));

    private SyntheticPaintings() {}

    /// Writes `train/<class>/<n>.png` and `test/<class>/<n>.png`; the same arguments write the same bytes.
    ///
    /// @param train number of training images of each class
    public static void write(Path folder, int side, int test, int... train) throws IOException {
        for (int label = 0; label < train.length; label++) {
            for (int n = 0; n < train[label] + test; n++) {
                Path classFolder =
                        folder.resolve(n < train[label] ? "train" : "test").resolve("Style_" + label);
                Files.createDirectories(classFolder);
                ImageIO.write(
                        painting(label, side, 1_000L * label + n),
                        "png",
                        classFolder.resolve("%03d.png".formatted(n)).toFile());
            }
        }
    }

    static BufferedImage painting(int label, int side, long seed) {
        Mt19937 random = new Mt19937(seed);
        BufferedImage canvas = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        Graphics2D brush = canvas.createGraphics();
        brush.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        Color ground = PALETTE.get(label % PALETTE.size());
        brush.setColor(ground);
        brush.fillRect(0, 0, side, side);
        for (int stroke = 0; stroke < 12; stroke++) {
            int shade = (int) random.below(256);
            brush.setColor(new Color((ground.getRed() + shade) / 2, (ground.getGreen() + shade) / 2, shade));
            int x = (int) random.below(side);
            int y = (int) random.below(side);
            int size = 2 + (int) random.below(Math.max(2, side / 4));
            if (label % 2 == 0) {
                brush.fillOval(x, y, size, size);
            } else {
                brush.fillRect(x, y, size, 2 + size / 4);
            }
        }
        brush.dispose();
        return canvas;
    }
}
