package io.peregrine.ingest.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.spec.RunSpec.Orientation;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import io.peregrine.testkit.SharedImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Unusual files with the result that a Python user gets: Pillow's `exif_transpose`, alpha over white, 16 bits /
/// 257, then `resize((32, 32), BOX)`.
class DecodeZooTest {
    private final ImageDecoder decoder = new ImageDecoder(100_000_000);

    @TestFactory
    Stream<DynamicTest> everyFileIsDecodedOrRejectedAsExpected() throws IOException {
        Path expected = SharedImages.at("decode-zoo-expected.csv");
        List<String> lines = Files.readAllLines(expected);
        return lines.stream()
                .skip(1)
                .map(line -> line.split(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", -1))
                .map(row -> DynamicTest.dynamicTest(row[0], () -> {
                    byte[] file = Files.readAllBytes(expected.resolveSibling(row[0]));
                    switch (row[1]) {
                        case "accept" -> accepts(file, Integer.parseInt(row[3]), Integer.parseInt(row[4]), row[5]);
                        case "reject" -> assertThat(verdict(file)).isEqualTo(row[2]);
                        case "either" -> assertThat(verdict(file)).isIn("ok", "IMAGE_TRUNCATED", "IMAGE_CORRUPT");
                        default -> throw new IllegalStateException("a verdict '" + row[1] + "'");
                    }
                }));
    }

    private void accepts(byte[] file, int width, int height, String hex) throws Exception {
        Raster image = decoder.decode(file, Orientation.APPLY);
        assertThat(image.width()).isEqualTo(width);
        assertThat(image.height()).isEqualTo(height);
        byte[] expected = HexFormat.of().parseHex(hex);
        byte[] found = thumbnail(image);
        int worst = 0;
        for (int i = 0; i < expected.length; i++) {
            worst = Math.max(worst, Math.abs((expected[i] & 0xff) - (found[i] & 0xff)));
        }
        assertThat(found).hasSameSizeAs(expected);
        assertThat(worst).as("levels between thumbnails").isLessThanOrEqualTo(1);
    }

    private String verdict(byte[] file) throws InterruptedException {
        try {
            decoder.decode(file, Orientation.APPLY);
            return "ok";
        } catch (ImageRejectedException refused) {
            return refused.reason().name();
        }
    }

    /// Pillow's box filter: a pixel counts fully if its centre is in the box; 8 bits between the two passes.
    private static byte[] thumbnail(Raster image) {
        byte[] narrow = new byte[3 * 32 * image.height()];
        for (int y = 0; y < image.height(); y++) {
            box(image.rgb(), 3 * y * image.width(), 3, image.width(), narrow, 3 * 32 * y, 3);
        }
        byte[] small = new byte[3 * 32 * 32];
        for (int x = 0; x < 32; x++) {
            box(narrow, 3 * x, 3 * 32, image.height(), small, 3 * x, 3 * 32);
        }
        return small;
    }

    private static void box(byte[] from, int first, int step, int size, byte[] to, int at, int toStep) {
        double scale = size / 32.0;
        double reach = 0.5 * Math.max(1, scale);
        for (int i = 0; i < 32; i++) {
            double centre = (i + 0.5) * scale;
            int begin = Math.max(0, (int) (centre - reach + 0.5));
            int end = Math.min(size, (int) (centre + reach + 0.5));
            for (int c = 0; c < 3; c++) {
                double sum = 0;
                for (int x = begin; x < end; x++) {
                    sum += from[first + x * step + c] & 0xff;
                }
                to[at + i * toStep + c] = (byte) Math.round(sum / (end - begin));
            }
        }
    }
}
