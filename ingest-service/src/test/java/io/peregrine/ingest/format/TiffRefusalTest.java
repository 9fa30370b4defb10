package io.peregrine.ingest.format;

import static io.peregrine.ingest.format.TiffTest.sample;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.events.spec.RunSpec.Orientation;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.ImageRejectedException.Reason;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// TIFF files that are not decoded: variants that are not proven, and files whose pixels are missing.
class TiffRefusalTest {
    private static final int SIDE = 32;
    private static final int RGB = 2;
    private static final int CMYK = 5;
    private static final int YCBCR = 6;
    /// Rows of a strip.
    private static final int STRIP = 16;

    private final ImageDecoder decoder = new ImageDecoder(100_000_000);

    @ParameterizedTest
    @CsvSource({
        "259, 50000, Zstandard",
        "259, 34925, LZMA",
        "259, 6, old JPEG",
        "259, 34712, JPEG 2000",
        "259, 50001, WebP",
        "259, 34887, LERC",
        "259, 7777, method 7777",
        "262, 8, CIELab",
        "262, 32803, raw sensor",
        "262, 4, mask",
        "262, 32844, colour space 32844",
        "262, 5, CMYK with 3 samples",
        "277, 5, 5 samples a pixel",
        "277, 2, RGB with 2 samples",
        "338, 2, 1 are declared as extra",
        "339, 2, signed",
        "339, 3, floating-point",
        "258, 32, 32 bits",
        "266, 2, 16 bits",
    })
    void anUntestedVariantIsUnsupportedAndNamed(int tag, int value, String name) {
        byte[] file = TiffFile.of(SIDE, SIDE, 16, 3, RGB).tag(tag, value).of((x, y, c) -> sample(x, y, c, 16));
        assertThat(rejection(file))
                .hasMessageContaining("a TIFF ")
                .hasMessageContaining(name)
                .extracting(ImageRejectedException::reason)
                .isEqualTo(Reason.IMAGE_UNSUPPORTED);
    }

    @Test
    void untestedPredictorsAndBitOrdersAreUnsupported() {
        TiffFile floating = TiffFile.of(SIDE, SIDE, 8, 3, RGB).compressed(5).tag(317, 3);
        TiffFile ofFour = TiffFile.of(SIDE, SIDE, 4, 3, RGB).compressed(5).tag(317, 2);
        TiffFile inks = TiffFile.of(SIDE, SIDE, 8, 4, CMYK).tag(332, 2);
        TiffFile second = TiffFile.of(SIDE, SIDE, 8, 5, RGB).tag(338, 0, 2);
        TiffFile different = TiffFile.of(SIDE, SIDE, 8, 3, RGB).tag(258, 8, 8, 4);
        for (TiffFile file : new TiffFile[] {floating, ofFour, inks, second, different}) {
            assertThat(rejection(file.of((x, y, c) -> 1)).reason()).isEqualTo(Reason.IMAGE_UNSUPPORTED);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 8, 32_773})
    void pixelsThatAreMissingAreNeverBlack(int compression) {
        byte[] file = TiffFile.of(SIDE, SIDE, 8, 3, RGB)
                .compressed(compression)
                .strips(8)
                // Twice the rows for the same strips.
                .tag(257, 2 * SIDE)
                .of((x, y, c) -> sample(x, y, c, 8));
        assertThat(rejection(file).reason()).isEqualTo(Reason.IMAGE_CORRUPT);
        byte[] shorter = TiffFile.of(SIDE, SIDE, 8, 3, RGB)
                .compressed(compression)
                .tag(256, SIDE + 1)
                .of((x, y, c) -> sample(x, y, c, 8));
        assertThat(rejection(shorter).reason()).isEqualTo(Reason.IMAGE_CORRUPT);
    }

    /// Fax of group 3 and 4, and JPEG, are decoded natively.
    @ParameterizedTest
    @ValueSource(ints = {3, 4, 7})
    void stripsThatAreMissingAreNeverFilled(int compression) throws Exception {
        byte[] strip = switch (compression) {
            case 3 -> faxOfGroup3();
            case 4 -> faxOfGroup4();
            default -> jpeg();
        };
        boolean isJpeg = compression == 7;
        TiffFile file = TiffFile.of(SIDE, 2 * STRIP, isJpeg ? 8 : 1, isJpeg ? 3 : 1, isJpeg ? YCBCR : 0)
                .compressed(compression)
                .strips(STRIP);
        byte[] white = new byte[3 * SIDE * 2 * STRIP];
        Arrays.fill(white, (byte) -1);
        assertThat(decoder.decode(file.around(strip, strip), Orientation.APPLY).rgb())
                .isEqualTo(white);
        for (byte[] missing : new byte[][] {file.around(strip), file.around(strip, new byte[0])}) {
            assertThat(rejection(missing))
                    .hasMessageContaining("strip or tile 1 of the TIFF is missing")
                    .extracting(ImageRejectedException::reason)
                    .isEqualTo(Reason.IMAGE_CORRUPT);
        }
    }

    /// @return white rows: for each an end-of-line code, then the code of 32 white pixels
    private static byte[] faxOfGroup3() {
        return bits(("000000000001" + "00011011").repeat(STRIP));
    }

    /// @return white rows: for each one bit, since nothing differs from the white row above; then the end of the
    ///     block
    private static byte[] faxOfGroup4() {
        return bits("1".repeat(STRIP) + "000000000001".repeat(2));
    }

    private static byte[] bits(String bits) {
        byte[] bytes = new byte[(bits.length() + 7) / 8];
        for (int i = 0; i < bits.length(); i++) {
            bytes[i / 8] |= (byte) (bits.charAt(i) - '0' << 7 - i % 8);
        }
        return bytes;
    }

    private static byte[] jpeg() throws IOException {
        BufferedImage white = new BufferedImage(SIDE, STRIP, BufferedImage.TYPE_INT_RGB);
        white.createGraphics().fillRect(0, 0, SIDE, STRIP);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(white, "jpeg", out);
        return out.toByteArray();
    }

    /// The sparse files of GDAL have offset and length 0 for a strip that was never written.
    @Test
    void aStripThatWasNeverWrittenIsNotReadFromTheHeader() {
        byte[] file = TiffFile.of(SIDE, SIDE, 8, 1, 1).of((x, y, c) -> sample(x, y, c, 8));
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        for (int entry = 10; entry < 10 + 12 * in.getShort(8); entry += 12) {
            int tag = in.getShort(entry);
            if (tag == 273 || tag == 279) {
                in.putInt(entry + 8, 0);
            }
        }
        assertThat(rejection(file))
                .hasMessageContaining("is missing")
                .extracting(ImageRejectedException::reason)
                .isEqualTo(Reason.IMAGE_CORRUPT);
    }

    @Test
    void wideTilesOfANarrowImageAreRefusedBeforeTheyAreDecoded() {
        byte[] file = TiffFile.of(1, 40_000, 8, 1, 1)
                .tiles(16)
                .tag(322, 65_535)
                .tag(323, 256)
                .of((x, y, c) -> 1);
        assertThat(rejection(file))
                .hasMessageContaining("tiles of 65,535 x 256 pixels")
                .extracting(ImageRejectedException::reason)
                .isEqualTo(Reason.IMAGE_CORRUPT);
    }

    private ImageRejectedException rejection(byte[] file) {
        return catchThrowableOfType(ImageRejectedException.class, () -> decoder.decode(file, Orientation.APPLY));
    }
}
