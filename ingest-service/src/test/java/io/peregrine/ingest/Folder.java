package io.peregrine.ingest;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;

/// Builder of a small dataset folder.
public record Folder(Path root) {
    /// Writes a unique image: its colours are derived from the hash of the path.
    ///
    /// @param path below the root; its extension selects the format
    public Folder image(String path) throws IOException {
        return bytes(path, encoded(path.substring(path.lastIndexOf('.') + 1), path.hashCode()));
    }

    public Folder bytes(String path, byte[] content) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.write(file, content);
        return this;
    }

    public String uri() {
        return root.toUri().toString();
    }

    /// @return the first half of a valid JPEG
    public static byte[] halfJpeg() throws IOException {
        byte[] whole = encoded("jpg", 7);
        return Arrays.copyOf(whole, whole.length / 2);
    }

    /// @param format `jpg`, `png` or `bmp`
    public static byte[] encoded(String format, int seed) throws IOException {
        BufferedImage image = new BufferedImage(40, 30, BufferedImage.TYPE_INT_RGB);
        Graphics2D pen = image.createGraphics();
        pen.setColor(new Color(seed));
        pen.fillRect(0, 0, 40, 30);
        pen.setColor(new Color(~seed));
        pen.fillOval(seed & 15, seed >> 4 & 7, 20, 15);
        pen.dispose();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (!ImageIO.write(image, format, out)) {
            throw new IllegalArgumentException("no writer for " + format);
        }
        return out.toByteArray();
    }
}
