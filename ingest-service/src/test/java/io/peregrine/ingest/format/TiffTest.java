package io.peregrine.ingest.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.events.spec.RunSpec.Orientation;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.ImageRejectedException.Reason;
import io.peregrine.ingest.image.Raster;
import io.peregrine.testkit.SharedImages;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every variant of TIFF has the pixels that TIFF 6.0 states, or is refused as `IMAGE_UNSUPPORTED` with its name.
class TiffTest {
    private static final int SIDE = 32;
    private static final int GREY = 1;
    private static final int RGB = 2;
    private static final int CMYK = 5;

    private final ImageDecoder decoder = new ImageDecoder(100_000_000);

    /// Differs from pixel to pixel and from sample to sample.
    static int sample(int x, int y, int sample, int bits) {
        long mixed = (x * 7_919L + y * 104_729L + sample * 1_299_709L + (long) x * y * 31) * 2_654_435_761L;
        return (int) (mixed >>> 13 & (1 << bits) - 1);
    }

    private static int eight(int value, int bits) {
        return (int) Math.round(255.0 * value / ((1 << bits) - 1));
    }

    /// Strips, tiles, one row a strip; plain, LZW, Deflate, PackBits; differences; both byte orders.
    private static Map<String, TiffFile> layouts(int bits, int count, int colour) {
        Map<String, TiffFile> layouts = new HashMap<>();
        for (int compression : new int[] {1, 5, 8, 32_773}) {
            for (String layout : List.of("one strip", "rows", "strips of 7", "tiles of 16", "tiles of 48")) {
                for (boolean differences : new boolean[] {false, true}) {
                    if (differences && compression != 5 && compression != 8) {
                        continue;
                    }
                    for (boolean big : new boolean[] {false, true}) {
                        TiffFile file =
                                TiffFile.of(SIDE, SIDE, bits, count, colour).compressed(compression);
                        switch (layout) {
                            case "rows" -> file.strips(1);
                            case "strips of 7" -> file.strips(7);
                            case "tiles of 16" -> file.tiles(16);
                            case "tiles of 48" -> file.tiles(48);
                            default -> {}
                        }
                        file = differences ? file.differences() : file;
                        file = big ? file.bigEndian() : file;
                        layouts.put(
                                "%d bits, compression %d, %s%s%s"
                                        .formatted(
                                                bits,
                                                compression,
                                                layout,
                                                differences ? ", differences" : "",
                                                big ? ", MM" : ""),
                                file);
                    }
                }
            }
        }
        return layouts;
    }

    @TestFactory
    Stream<DynamicTest> coloursInPlanesOrPixelByPixelAreTheSameInEveryLayout() {
        return IntStream.of(8, 16)
                .boxed()
                .flatMap(bits -> Stream.concat(
                        layouts(bits, 3, RGB).entrySet().stream()
                                .map(one -> colours(one.getKey(), one.getValue(), bits)),
                        layouts(bits, 3, RGB).entrySet().stream()
                                .map(one -> colours(
                                        "planes, " + one.getKey(),
                                        one.getValue().planes(),
                                        bits))));
    }

    private DynamicTest colours(String name, TiffFile file, int bits) {
        return DynamicTest.dynamicTest(
                name,
                () -> assertPixels(
                        file.of((x, y, c) -> sample(x, y, c, bits)), (x, y, c) -> eight(sample(x, y, c, bits), bits)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
    void greysOfAnyNumberOfBitsAreScaledTo255(int bits) throws Exception {
        for (int colour = 0; colour <= 1; colour++) {
            for (int compression : new int[] {1, 5}) {
                boolean whiteIsZero = colour == 0;
                assertPixels(
                        TiffFile.of(SIDE, SIDE, bits, 1, colour)
                                .compressed(compression)
                                .of((x, y, c) -> sample(x, y, c, bits)),
                        (x, y, c) -> {
                            int value = eight(sample(x, y, 0, bits), bits);
                            return whiteIsZero ? 255 - value : value;
                        });
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 16})
    void aFourthSampleThatIsUnspecifiedIsIgnored(int bits) throws Exception {
        for (TiffFile file : new TiffFile[] {
            TiffFile.of(SIDE, SIDE, bits, 4, RGB),
            TiffFile.of(SIDE, SIDE, bits, 4, RGB).planes(),
            TiffFile.of(SIDE, SIDE, bits, 4, RGB).compressed(5).tiles(16).bigEndian()
        }) {
            assertPixels(
                    file.tag(338, 0).of((x, y, c) -> c == 3 ? 0 : sample(x, y, c, bits)),
                    (x, y, c) -> eight(sample(x, y, c, bits), bits));
            assertPixels(file.of((x, y, c) -> sample(x, y, c, bits)), (x, y, c) -> eight(sample(x, y, c, bits), bits));
        }
        assertPixels(
                TiffFile.of(SIDE, SIDE, bits, 6, RGB).tag(338, 0, 0, 0).of((x, y, c) -> sample(x, y, c, bits)),
                (x, y, c) -> eight(sample(x, y, c, bits), bits));
    }

    @ParameterizedTest
    @CsvSource({"8, 2", "16, 2", "8, 999"})
    void alphaIsCompositedOverWhite(int bits, int extra) throws Exception {
        for (int count : new int[] {2, 4}) {
            assertPixels(
                    TiffFile.of(SIDE, SIDE, bits, count, count == 2 ? GREY : RGB)
                            .tag(338, extra)
                            .of((x, y, c) -> sample(x, y, c, bits)),
                    (x, y, c) -> Raster.overWhite(
                                    eight(sample(x, y, count == 2 ? 0 : c, bits), bits),
                                    eight(sample(x, y, count - 1, bits), bits))
                            & 0xff);
        }
    }

    @Test
    void fourSamplesWithoutATagForTheFourthHaveAlpha() throws Exception {
        assertPixels(
                TiffFile.of(SIDE, SIDE, 8, 4, RGB).of((x, y, c) -> sample(x, y, c, 8)),
                (x, y, c) -> Raster.overWhite(sample(x, y, c, 8), sample(x, y, 3, 8)) & 0xff);
    }

    @Test
    void coloursThatAreAlreadyMultipliedAreNotMultipliedAgain() throws Exception {
        // Half transparent red of full strength, stored as 128; nothing; opaque.
        int[][] pixels = {{128, 0, 0, 128}, {0, 0, 0, 0}, {9, 8, 7, 255}};
        byte[] file = TiffFile.of(3, 1, 8, 4, RGB).tag(338, 1).of((x, y, c) -> pixels[x][c]);
        assertThat(decoder.decode(file, Orientation.APPLY).rgb())
                .containsExactly(255, 127, 127, 255, 255, 255, 9, 8, 7);
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 16})
    void cmykIsConvertedAsPillowDoes(int bits) throws Exception {
        // Inks (c, m, y, k) of 8 bits and what Pillow 13 makes of them.
        int[][] inks = {{0, 0, 0, 0}, {255, 255, 255, 0}, {10, 20, 30, 40}, {100, 150, 200, 250}, {1, 2, 3, 255}};
        byte[] file = TiffFile.of(5, 1, bits, 4, CMYK).of((x, y, c) -> inks[x][c] * (bits == 16 ? 257 : 1));
        assertThat(decoder.decode(file, Orientation.APPLY).rgb())
                .containsExactly(new int[] {255, 255, 255, 0, 0, 0, 207, 198, 190, 3, 2, 1, 0, 0, 0});
    }

    /// A JPEG of four components whose samples are inks, or colours and a sample that is ignored or alpha.
    @ParameterizedTest
    @CsvSource({"5, 0", "2, 0", "2, 1", "2, 2"})
    void aJpegOfFourSamplesIsNotConverted(int colour, int extra) throws Exception {
        byte[] jpeg = MalformedFiles.cmyk();
        ImageReader reader = ImageIO.getImageReadersByFormatName("jpeg").next();
        reader.setInput(ImageIO.createImageInputStream(new ByteArrayInputStream(jpeg)));
        java.awt.image.Raster stored = reader.readRaster(0, null);
        TiffFile file = TiffFile.of(stored.getWidth(), stored.getHeight(), 8, 4, colour);
        file = colour == RGB ? file.tag(338, extra) : file;
        byte[] plain = file.of(stored::getSample);
        byte[] compressed = file.compressed(7).around(jpeg);
        assertThat(decoder.decode(compressed, Orientation.APPLY).rgb())
                .isEqualTo(decoder.decode(plain, Orientation.APPLY).rgb());
        assertThat(rejection(file.tag(256, 41).around(jpeg)).reason()).isEqualTo(Reason.IMAGE_CORRUPT);
        assertThat(rejection(file.tag(256, 40).around(Arrays.copyOf(jpeg, jpeg.length / 2)))
                        .reason())
                .isEqualTo(Reason.IMAGE_TRUNCATED);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8, 16})
    void palettesOfAnySizeKeepTheHighByteOfTheirColours(int bits) throws Exception {
        int[] map = new int[3 << bits];
        Arrays.setAll(map, i -> sample(i, 1, 2, 16));
        assertPixels(
                TiffFile.of(SIDE, SIDE, bits, 1, 3).tag(320, map).of((x, y, c) -> sample(x, y, c, bits)),
                (x, y, c) -> map[(c << bits) + sample(x, y, 0, bits)] >> 8);
    }

    @Test
    void theOrientationOfTheTagComesBeforeThatOfXmp() throws Exception {
        String element = "<tiff:Orientation>%d</tiff:Orientation>";
        TiffFile.Samples samples = (x, y, c) -> sample(x, y, c, 8);
        Raster stored = decoder.decode(TiffFile.of(5, 3, 8, 3, RGB).of(samples), Orientation.APPLY);
        for (int orientation = 1; orientation <= 8; orientation++) {
            byte[] turned = stored.applyOrientation(orientation).rgb();
            byte[] tag = TiffFile.of(5, 3, 8, 3, RGB).tag(274, orientation).of(samples);
            byte[] xmp = TiffFile.of(5, 3, 8, 3, RGB)
                    .xmp("tiff:Orientation=\"%d\"".formatted(orientation))
                    .of(samples);
            byte[] both = TiffFile.of(5, 3, 8, 3, RGB)
                    .tag(274, orientation)
                    .xmp(element.formatted(9 - orientation))
                    .of(samples);
            byte[] outOfRange = TiffFile.of(5, 3, 8, 3, RGB)
                    .tag(274, 9)
                    .xmp(element.formatted(orientation))
                    .of(samples);
            assertThat(decoder.decode(tag, Orientation.APPLY).rgb()).isEqualTo(turned);
            assertThat(decoder.decode(xmp, Orientation.APPLY).rgb()).isEqualTo(turned);
            assertThat(decoder.decode(both, Orientation.APPLY).rgb()).isEqualTo(turned);
            assertThat(decoder.decode(both, Orientation.IGNORE).rgb()).isEqualTo(stored.rgb());
            assertThat(decoder.decode(outOfRange, Orientation.APPLY).rgb()).isEqualTo(stored.rgb());
        }
    }

    /// The files of public bug reports, beside the images, if they are there.
    @TestFactory
    Stream<DynamicTest> filesOfBugReportsAreRightOrRefused() throws Exception {
        Path cases = SharedImages.at("../cases/inputs");
        try (Stream<Path> files = Files.walk(cases)) {
            return files.filter(file -> file.toString().endsWith(".tif")).sorted().toList().stream()
                    .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> {
                        byte[] bytes = Files.readAllBytes(file);
                        if (file.toString().matches(".*(grey_u32|zstd).*")) {
                            assertThat(rejection(bytes).reason()).isEqualTo(Reason.IMAGE_UNSUPPORTED);
                        } else if (file.toString().contains("cmyk")) {
                            assertThat(decoder.decode(bytes, Orientation.APPLY).width())
                                    .isEqualTo(SIDE);
                        } else {
                            assertCasePixels(decoder.decode(bytes, Orientation.APPLY));
                        }
                    }));
        }
    }

    private static void assertCasePixels(Raster image) {
        int[][] expected = {{0, 0, 0, 0, 0}, {5, 5, 243, 9, 33}, {20, 20, 160, 159, 151}, {31, 31, 252, 255, 240}};
        for (int[] pixel : expected) {
            int at = 3 * (pixel[1] * image.width() + pixel[0]);
            assertThat(Arrays.copyOfRange(image.rgb(), at, at + 3)).containsExactly(pixel[2], pixel[3], pixel[4]);
        }
    }

    private void assertPixels(byte[] file, TiffFile.Samples expected) throws Exception {
        Raster image = decoder.decode(file, Orientation.APPLY);
        byte[] rgb = new byte[3 * SIDE * SIDE];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) expected.at(i / 3 % SIDE, i / 3 / SIDE, i % 3);
        }
        assertThat(image.width()).isEqualTo(SIDE);
        assertThat(image.rgb()).isEqualTo(rgb);
    }

    private ImageRejectedException rejection(byte[] file) {
        return catchThrowableOfType(ImageRejectedException.class, () -> decoder.decode(file, Orientation.APPLY));
    }
}
