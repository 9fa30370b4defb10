package io.peregrine.ingest.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.spec.RunSpec.Orientation;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files with several images, and frames on a larger canvas, compared with what Pillow renders first
/// (`bench/python/make_picture_vectors.py`).
public class FirstFramesTest {
    public record Case(String name, byte[] file, Raster expected) {}

    private final ImageDecoder decoder = new ImageDecoder(100_000_000);

    @TestFactory
    Stream<DynamicTest> theFirstFrameEqualsPillows() throws Exception {
        return cases().map(one -> DynamicTest.dynamicTest(one.name(), () -> {
            Raster found = decoder.decode(one.file(), Orientation.APPLY);
            assertThat(found.width()).isEqualTo(one.expected().width());
            assertThat(found.height()).isEqualTo(one.expected().height());
            assertThat(found.rgb()).isEqualTo(one.expected().rgb());
        }));
    }

    /// Truncation is also detected within a frame or page that is not decoded.
    @TestFactory
    Stream<DynamicTest> truncationIsDetectedAtEachTenth() throws Exception {
        return cases().map(one -> DynamicTest.dynamicTest(one.name(), () -> {
            for (int tenth = 1; tenth < 10; tenth++) {
                byte[] truncated = Arrays.copyOf(one.file(), Math.max(12, one.file().length * tenth / 10));
                assertThat(rejection(truncated).reason())
                        .as("%d bytes of %d", truncated.length, one.file().length)
                        .isEqualTo(ImageRejectedException.Reason.IMAGE_TRUNCATED);
            }
        }));
    }

    @Test
    void aGifMayLackItsTrailerButNotPixels() throws Exception {
        Case one = cases().filter(c -> c.name().equals("gif-one-palette-87a"))
                .findFirst()
                .orElseThrow();
        byte[] file = one.file();
        assertThat(decoder.decode(Arrays.copyOf(file, file.length - 1), Orientation.APPLY)
                        .rgb())
                .isEqualTo(one.expected().rgb());
        assertThat(rejection(Arrays.copyOf(file, file.length - 2)).reason())
                .isEqualTo(ImageRejectedException.Reason.IMAGE_TRUNCATED);

        // The file continues but its pixels do not: an end code at their start.
        int pixels = Gif.read(file).data();
        byte[] empty = HexFormat.of().parseHex("01" + "09" + "003b");
        byte[] early = Arrays.copyOf(file, pixels + empty.length);
        System.arraycopy(empty, 0, early, pixels, empty.length);
        assertThat(rejection(early).reason()).isEqualTo(ImageRejectedException.Reason.IMAGE_CORRUPT);
    }

    /// The smallest header of each format without pixels: a huge canvas, or a frame that extends the canvas.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "474946383961 FFFFFFFF000000 2C 00000000 01000100 00 02 00",
                "474946383961 01000100000000 2C FFFFFFFF 01000100 00 02 00",
                "52494646 16000000 57454250 56503858 0A000000 00000000 FFFFFF FFFFFF",
            })
    void aCanvasAboveTheLimitIsRejectedWithoutDecoding(String hex) {
        assertThat(rejection(HexFormat.of().parseHex(hex.replace(" ", ""))).reason())
                .isEqualTo(ImageRejectedException.Reason.IMAGE_TOO_LARGE);
    }

    private ImageRejectedException rejection(byte[] file) {
        return catchThrowableOfType(ImageRejectedException.class, () -> decoder.decode(file, Orientation.APPLY));
    }

    public static Stream<Case> cases() throws Exception {
        List<Case> cases = new ArrayList<>();
        Path vectors = Path.of(
                FirstFramesTest.class.getResource("/first-frames.safetensors").toURI());
        try (Safetensors all = Safetensors.open(vectors)) {
            for (String name : all.names()) {
                if (name.endsWith(".file")) {
                    String base = name.substring(0, name.length() - ".file".length());
                    Safetensors.Tensor rgb = all.tensor(base + ".rgb");
                    Raster expected = new Raster((int) rgb.shape()[1], (int) rgb.shape()[0], rgb.bytes());
                    cases.add(new Case(base, all.tensor(name).bytes(), expected));
                }
            }
        }
        assertThat(cases).hasSize(40);
        return cases.stream();
    }
}
