package io.peregrine.ingest.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.events.spec.RunSpec.Orientation;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.ImageRejectedException.Reason;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Variants of BMP that native decoders read wrongly; expected pixels are Pillow 13's.
class BmpTest {
    private final ImageDecoder decoder = new ImageDecoder(100_000_000);

    @Test
    void aFileOfOs2HasColours() throws Exception {
        // 2 x 1 pixels of 24 bits: blue, green, red; rows have a multiple of four bytes.
        ByteBuffer bmp = header(12, 26, 8)
                .putShort((short) 2)
                .putShort((short) 1)
                .putShort((short) 1)
                .putShort((short) 24);
        bmp.put(HexFormat.of().parseHex("010203" + "040506" + "0000"));
        assertThat(decoder.decode(bmp.array(), Orientation.APPLY).rgb()).containsExactly(3, 2, 1, 6, 5, 4);
    }

    @Test
    void theFirstRowIsTheUpperOneIfTheHeightIsNegative() throws Exception {
        for (int height : new int[] {2, -2}) {
            ByteBuffer bmp = windows(1, height, 24, 0, 8, 0).put(HexFormat.of().parseHex("01010100" + "02020200"));
            byte[] rgb = decoder.decode(bmp.array(), Orientation.APPLY).rgb();
            assertThat(rgb[0]).isEqualTo((byte) (height < 0 ? 1 : 2));
        }
    }

    /// One pixel with the bytes 10 20 30 40, lowest first; masks of red, green, blue and alpha.
    @ParameterizedTest
    @CsvSource({
        "00ff0000, 0000ff00, 000000ff, 00000000, 302010",
        "ff000000, 00ff0000, 0000ff00, 00000000, 403020",
        "000000ff, 0000ff00, 00ff0000, ff000000, c3c7cb",
        "00ff0000, 0000ff00, 000000ff, ff000000, cbc7c3",
        "00000000, 00000000, 00000000, 00000000, cbc7c3",
    })
    void masksOfThirtyTwoBitsAreFollowed(String red, String green, String blue, String alpha, String rgb)
            throws Exception {
        assertThat(decoder.decode(masked(red, green, blue, alpha), Orientation.APPLY)
                        .rgb())
                .isEqualTo(HexFormat.of().parseHex(rgb));
    }

    @ParameterizedTest
    @CsvSource({
        "3ff00000, 000ffc00, 000003ff, 00000000",
        "000000ff, 000000ff, 000000ff, 00000000",
        "00ff0000, 0000ff00, 000000ff, 000000ff",
    })
    void otherMasksAreUnsupported(String red, String green, String blue, String alpha) {
        assertThat(rejection(masked(red, green, blue, alpha)))
                .hasMessageContaining("masks " + red)
                .extracting(ImageRejectedException::reason)
                .isEqualTo(Reason.IMAGE_UNSUPPORTED);
    }

    @ParameterizedTest
    @CsvSource({"16, 0", "24, 3", "8, 2", "32, 4", "24, 5"})
    void otherDepthsAndCompressionsAreUnsupported(int bits, int compression) {
        assertThat(rejection(windows(1, 1, bits, compression, 64, 0).array()).reason())
                .isEqualTo(Reason.IMAGE_UNSUPPORTED);
    }

    @ParameterizedTest
    @CsvSource({
        // Runs; literals, padded to two bytes; a skip by (1, 0), which has colour 0; the end of a row.
        "8, 0301 0000 0302 0000, 222111",
        "8, 0003 010203 00 0000 0301 0000, 111123",
        "8, 0101 0002 0100 0102 0000 0301 0000, 111102",
        "4, 0312 0000 0321 0000, 212121",
        "4, 0003 1230 0000 0301 0000, 010123",
    })
    void runLengthsAreUndone(int bits, String data, String indices) throws Exception {
        byte[] runs = HexFormat.of().parseHex(data.replace(" ", ""));
        ByteBuffer bmp = windows(3, 2, bits, bits == 8 ? 1 : 2, runs.length, 4);
        for (int i = 0; i < 4; i++) {
            // Blue is the index; red is not, so that the colours are no greys.
            bmp.putInt(0x100000 + i);
        }
        byte[] rgb = decoder.decode(bmp.put(runs).array(), Orientation.APPLY).rgb();
        StringBuilder found = new StringBuilder();
        for (int i = 0; i < 6; i++) {
            found.append(rgb[3 * i + 2]);
        }
        assertThat(found).hasToString(indices);
    }

    @Test
    void theShortHeaderOfOs2IsUnsupported() {
        assertThat(rejection(header(16, 54, 64).array()))
                .hasMessageContaining("header of 16 bytes")
                .extracting(ImageRejectedException::reason)
                .isEqualTo(Reason.IMAGE_UNSUPPORTED);
    }

    @Test
    void runLengthsThatEndEarlyAreRefused() {
        byte[] runs = HexFormat.of().parseHex("0301" + "0001");
        ByteBuffer bmp = windows(3, 2, 8, 1, runs.length, 0);
        assertThat(rejection(bmp.put(runs).array()).reason()).isEqualTo(Reason.IMAGE_CORRUPT);
    }

    private static ByteBuffer header(int information, int start, int bytes) {
        ByteBuffer bmp = ByteBuffer.allocate(start + bytes).order(ByteOrder.LITTLE_ENDIAN);
        return bmp.put((byte) 'B')
                .put((byte) 'M')
                .putInt(start + bytes)
                .putInt(0)
                .putInt(start)
                .putInt(information);
    }

    private static ByteBuffer windows(int width, int height, int bits, int compression, int bytes, int colours) {
        ByteBuffer bmp =
                header(40, 54 + 4 * colours, bytes).putInt(width).putInt(height).putShort((short) 1);
        return bmp.putShort((short) bits)
                .putInt(compression)
                .putInt(bytes)
                .putLong(0)
                .putInt(colours)
                .putInt(0);
    }

    private static byte[] masked(String... masks) {
        ByteBuffer bmp =
                header(108, 122, 4).putInt(1).putInt(1).putShort((short) 1).putShort((short) 32);
        bmp.putInt(3).putInt(4).putLong(0).putLong(0);
        for (String mask : masks) {
            bmp.putInt(HexFormat.fromHexDigits(mask));
        }
        return bmp.position(122).put(HexFormat.of().parseHex("10203040")).array();
    }

    private ImageRejectedException rejection(byte[] file) {
        return catchThrowableOfType(ImageRejectedException.class, () -> decoder.decode(file, Orientation.APPLY));
    }
}
