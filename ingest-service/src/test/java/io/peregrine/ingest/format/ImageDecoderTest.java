package io.peregrine.ingest.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.events.spec.RunSpec.Orientation;
import io.peregrine.ingest.Folder;
import io.peregrine.ingest.image.Exif;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {
    private final ImageDecoder decoder = new ImageDecoder(100_000_000);

    @Test
    void aPngOf900MegapixelsIsRejectedAfterItsHeader() throws Exception {
        byte[] bomb = png(30_000, 30_000, 8, 2, new byte[100]);
        decoder.decode(Folder.encoded("png", 1), Orientation.APPLY);

        long begin = System.nanoTime();
        assertThat(rejection(bomb).reason()).isEqualTo(ImageRejectedException.Reason.IMAGE_TOO_LARGE);
        // Decoding 900 megapixels takes longer than this on any machine.
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(2));
        assertThat(rejection(bomb)).hasMessageContaining("30,000 x 30,000").hasMessageContaining("100,000,000");
    }

    /// The rows of these would need 16 to 56 bytes a pixel, beside the result.
    @Test
    void anImageOfOneLongRowIsRejectedAfterItsHeader() throws Exception {
        ImageDecoder ofMany = new ImageDecoder(500_000_000);
        byte[] rgba = TiffFile.of(100_000_000, 1, 8, 4, 2).compressed(8).around(new byte[100_000]);
        byte[] ofSeven = TiffFile.of(400_000_000, 1, 16, 7, 5)
                .compressed(8)
                .tag(338, 0, 0, 0)
                .around(new byte[900_000]);
        byte[] png = png(100_000_000, 1, 16, 6, new byte[100]);
        byte[] column = png(1, ImageDecoder.SIDE_MAX + 1, 8, 0, new byte[2 * ImageDecoder.SIDE_MAX + 2]);
        for (byte[] file : new byte[][] {rgba, ofSeven, png, column}) {
            assertThatThrownBy(() -> ofMany.decode(file, Orientation.APPLY))
                    .hasMessageContaining("a side may have at most 262,144")
                    .isInstanceOfSatisfying(
                            ImageRejectedException.class,
                            rejected -> assertThat(rejected.reason())
                                    .isEqualTo(ImageRejectedException.Reason.IMAGE_TOO_LARGE));
        }
        byte[] longest = png(ImageDecoder.SIDE_MAX, 1, 8, 0, new byte[ImageDecoder.SIDE_MAX + 1]);
        assertThat(ofMany.decode(longest, Orientation.APPLY).width()).isEqualTo(ImageDecoder.SIDE_MAX);
    }

    /// The bytes of a row or of all rows may exceed the largest `int`.
    @Test
    void aPixmapOfAnyWidthIsComparedWithItsFile() throws Exception {
        byte[] file = "P6 400000000 1 65535 123456".getBytes(ISO_8859_1);
        assertThatThrownBy(() -> Pnm.read(file).decode(file))
                .isInstanceOf(ImageRejectedException.class)
                .hasMessageContaining("instead of 2,400,000,000");
    }

    @ParameterizedTest
    @ValueSource(strings = {"jpg", "png", "bmp"})
    void anImageThatIsTruncatedAnywhereIsRejected(String format) throws Exception {
        byte[] whole = Folder.encoded(format, 12_345);
        Raster image = decoder.decode(whole, Orientation.APPLY);
        assertThat(image.width()).isEqualTo(40);
        int[] cuts = {8, 9, 20, 40, whole.length / 3, whole.length / 2, whole.length - 40, whole.length - 30};
        for (int cut : cuts) {
            ImageRejectedException rejected = rejection(Arrays.copyOf(whole, cut));
            assertThat(rejected.reason())
                    .as("%s truncated at %d of %d", format, cut, whole.length)
                    .isIn(ImageRejectedException.Reason.IMAGE_TRUNCATED, ImageRejectedException.Reason.NOT_AN_IMAGE);
        }
        assertThat(rejection(Arrays.copyOf(whole, whole.length / 2)).reason())
                .isEqualTo(ImageRejectedException.Reason.IMAGE_TRUNCATED);
    }

    @Test
    void theFormatIsThatOfTheContent() {
        assertThat(rejection(new byte[0])).hasMessageContaining("empty");
        assertThat(rejection("<html>404</html>".getBytes(ISO_8859_1)).reason())
                .isEqualTo(ImageRejectedException.Reason.NOT_AN_IMAGE);
    }

    @ParameterizedTest
    @CsvSource({
        "8BPS, a Photoshop",
        "%PDF-1.7, a PDF",
        "<svg>, an SVG drawing",
        "'<?xml version=\"1.0\"?>', an XML",
        "....ftypavif, AVIF",
        "....ftypheic, HEIC",
        "....ftypisom, video",
        "P7., PAM"
    })
    void anUnsupportedImageIsRejectedWithTheNameOfItsFormat(String begin, String name) {
        assertThat(rejection(begin.replace('.', '\n').getBytes(ISO_8859_1)))
                .hasMessageContaining(name)
                .hasMessageContaining("GIF, WebP")
                .extracting(ImageRejectedException::reason)
                .isEqualTo(ImageRejectedException.Reason.IMAGE_UNSUPPORTED);
    }

    @Test
    void aTruncatedCompressedBmpOrPixmapIsRejected() throws Exception {
        // 4 x 2 pixels of 8 bits: two runs of four pixels. Header and palette have 54 + 8 bytes.
        ByteBuffer bmp = ByteBuffer.allocate(72).order(ByteOrder.LITTLE_ENDIAN);
        bmp.put("BM".getBytes(ISO_8859_1))
                .putInt(72)
                .putInt(0)
                .putInt(62)
                .putInt(40)
                .putInt(4)
                .putInt(2);
        bmp.putShort((short) 1)
                .putShort((short) 8)
                .putInt(1)
                .putInt(10)
                .putInt(0)
                .putInt(0)
                .putInt(2)
                .putInt(0);
        bmp.putInt(0x010203).putInt(0xfffefd);
        bmp.put(new byte[] {4, 0, 0, 0, 4, 1, 0, 0, 0, 1});
        byte[] packed = bmp.array();
        assertThat(decoder.decode(packed, Orientation.APPLY).rgb())
                .startsWith(-1, -2, -3)
                .endsWith(1, 2, 3);
        String raw = "P5 4 2 255 12345678";
        String plain = "P2 4 2 9 1 2 3 4 5 6 7 8";
        for (byte[] file : new byte[][] {packed, raw.getBytes(ISO_8859_1), plain.getBytes(ISO_8859_1)}) {
            decoder.decode(file, Orientation.APPLY);
            for (int cut = Math.min(26, file.length / 2); cut < file.length - 1; cut++) {
                assertThat(rejection(Arrays.copyOf(file, cut)).reason())
                        .as("%d bytes of %d", cut, file.length)
                        .isEqualTo(ImageRejectedException.Reason.IMAGE_TRUNCATED);
            }
        }
    }

    @Test
    void anInterlacedPngHasTheSamePixels() throws Exception {
        for (int width : new int[] {1, 2, 5, 8, 31}) {
            BufferedImage image = new BufferedImage(width, 19, BufferedImage.TYPE_INT_RGB);
            for (int y = 0; y < 19; y++) {
                for (int x = 0; x < width; x++) {
                    image.setRGB(x, y, x * 77_777 ^ y * 1_234_567);
                }
            }
            byte[] plain = written(image, ImageWriteParam.MODE_DISABLED);
            byte[] interlaced = written(image, ImageWriteParam.MODE_DEFAULT);
            assertThat(interlaced[28]).as("Adam7").isOne();
            assertThat(decoder.decode(interlaced, Orientation.APPLY).rgb())
                    .isEqualTo(decoder.decode(plain, Orientation.APPLY).rgb());
        }
    }

    @Test
    void alphaIsCompositedOverWhiteAndSixteenBitsAreRounded() throws Exception {
        Raster image = decoder.decode(
                png(4, 1, 8, 6, new byte[] {0, 10, 20, 30, -1, 1, 2, 3, 0, 100, -56, 50, -128, 0, 0, 0, 1}),
                Orientation.APPLY);
        // (100 · 128 + 255 · 127) / 255 = 177.2, and so on
        assertThat(image.rgb()).containsExactly(10, 20, 30, -1, -1, -1, (byte) 177, (byte) 227, (byte) 152, -2, -2, -2);

        Raster grey = decoder.decode(
                png(3, 1, 16, 0, new byte[] {0, (byte) 0x80, 0x00, 0x01, 0x7f, (byte) 0xff, (byte) 0xff}),
                Orientation.APPLY);
        // 0x8000 / 257 = 127.5…, 0x017f / 257 = 1.49
        assertThat(grey.rgb()).containsExactly((byte) 128, (byte) 128, (byte) 128, 1, 1, 1, -1, -1, -1);
    }

    /// An image of 3 x 2 in which the value of each pixel is its index. For each pixel of the upright image, the
    /// EXIF table states which stored pixel it is.
    @ParameterizedTest
    @CsvSource({"1, 012345", "2, 210543", "3, 543210", "4, 345012", "5, 031425", "6, 304152", "7, 524130", "8, 251403"})
    void orientationRotatesAndMirrors(int orientation, String upright) {
        byte[] rgb = new byte[18];
        for (int i = 0; i < 6; i++) {
            Arrays.fill(rgb, 3 * i, 3 * i + 3, (byte) i);
        }
        Raster turned = new Raster(3, 2, rgb).applyOrientation(orientation);
        assertThat(turned.width()).isEqualTo(orientation < 5 ? 3 : 2);
        StringBuilder found = new StringBuilder();
        for (int i = 0; i < 6; i++) {
            found.append(turned.rgb()[3 * i]);
        }
        assertThat(found).hasToString(upright);
    }

    @Test
    void aBrokenOrientationNoteIsIgnored() {
        for (byte[] note : new byte[][] {
            {}, {'I', 'I', 42, 0}, {'I', 'I', 42, 0, -1, -1, -1, -1}, {'M', 'M', 0, 42, 0, 0, 0, 8, -1, -1}
        }) {
            assertThat(Exif.orientation(ByteBuffer.wrap(note))).isZero();
        }
        assertThat(Exif.orientationOfRawProfile("\nexif\n      zz\n")).isZero();
    }

    private ImageRejectedException rejection(byte[] file) {
        return catchThrowableOfType(ImageRejectedException.class, () -> decoder.decode(file, Orientation.APPLY));
    }

    private static byte[] written(BufferedImage image, int progressive) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
        ImageWriteParam parameters = writer.getDefaultWriteParam();
        parameters.setProgressiveMode(progressive);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (var to = ImageIO.createImageOutputStream(out)) {
            writer.setOutput(to);
            writer.write(null, new IIOImage(image, null, null), parameters);
        }
        writer.dispose();
        return out.toByteArray();
    }

    /// @param rows filter bytes and samples
    private static byte[] png(int width, int height, int depth, int colour, byte[] rows) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
        chunk(
                out,
                "IHDR",
                ByteBuffer.allocate(13)
                        .putInt(width)
                        .putInt(height)
                        .put((byte) depth)
                        .put((byte) colour));
        Deflater deflater = new Deflater();
        deflater.setInput(rows);
        deflater.finish();
        byte[] data = new byte[rows.length + 100];
        chunk(out, "IDAT", ByteBuffer.allocate(deflater.deflate(data)).put(data, 0, (int) deflater.getBytesWritten()));
        deflater.end();
        chunk(out, "IEND", ByteBuffer.allocate(0));
        return out.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream out, String type, ByteBuffer data) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(12 + data.capacity())
                .putInt(data.capacity())
                .put(type.getBytes(ISO_8859_1))
                .put(data.array());
        CRC32 crc = new CRC32();
        crc.update(chunk.array(), 4, 4 + data.capacity());
        out.write(chunk.putInt((int) crc.getValue()).array());
    }
}
