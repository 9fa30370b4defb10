package io.peregrine.ingest.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.ingest.Folder;
import io.peregrine.ingest.image.Exif;
import io.peregrine.ingest.image.Xmp;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Where the orientation of an image is found, in the order of Pillow's `exif_transpose`: EXIF, then XMP.
class OrientationNotesTest {
    private static final String PACKET = "<rdf:Description tiff:Orientation=\"6\"/>";
    private static final byte[] XMP_KEY = "XML:com.adobe.xmp\0".getBytes(ISO_8859_1);
    private static final byte[] RAW_KEY = "Raw profile type exif\0".getBytes(ISO_8859_1);

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tiff:Orientation=\"6\"                    | 6",
                "<tiff:Orientation>8</tiff:Orientation>    | 8",
                "<tiff:Orientation>3< tiff:Orientation=\"6\" | 3",
                "tiff:Orientation=\"61\"                   | 6",
                "tiff:Orientation='6'                      | 0",
                "tiff:Orientation=\" 6\"                   | 0",
                "tiff:Orientation=\"9\"                    | 9",
                "exif:Orientation=\"6\"                    | 0",
            })
    void theFirstOrientationOfAPacketCounts(String packet, int orientation) {
        assertThat(Xmp.orientation(packet)).isEqualTo(orientation);
    }

    @ParameterizedTest
    @CsvSource({"3, 6, 6", "3, 0, 1", "3, 9, 1", "4, 6, 6", "8, 6, 6", "9, 6, 6", "1, 6, 1", "2, 6, 1"})
    void exifHasItAsAnIntegerOf16Or32Bits(int type, int value, int orientation) {
        assertThat(Exif.orientation(ByteBuffer.wrap(exif(type, value)))).isEqualTo(orientation);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aJpegMayHaveEither(boolean exifToo) throws Exception {
        byte[] packet = bytes("http://ns.adobe.com/xap/1.0/\0".getBytes(ISO_8859_1), PACKET.getBytes(ISO_8859_1));
        byte[] notes = segment(packet);
        byte[] file = withNotes(exifToo ? bytes(notes, segment(exif(3, 3))) : notes);
        assertThat(ImageHeader.read(file).orientation()).isEqualTo(exifToo ? 3 : 6);
    }

    @Test
    void aPngHasXmpInAnyTextChunk() throws Exception {
        byte[] packet = PACKET.getBytes(ISO_8859_1);
        byte[] international = bytes(XMP_KEY, new byte[4], packet);
        byte[] deflated = bytes(XMP_KEY, new byte[] {1, 0}, "en\0XMP\0".getBytes(ISO_8859_1), deflated(packet));
        byte[] compressed = bytes(XMP_KEY, new byte[1], deflated(packet));
        assertThat(png("iTXt", international)).isEqualTo(6);
        assertThat(png("iTXt", deflated)).isEqualTo(6);
        assertThat(png("zTXt", compressed)).isEqualTo(6);
        assertThat(png("tEXt", bytes(XMP_KEY, packet))).isEqualTo(6);
        assertThat(png("tEXt", bytes("Comment\0".getBytes(ISO_8859_1), packet))).isZero();
    }

    @Test
    void aPngMayHaveExifInImageMagicksText() throws Exception {
        byte[] note = exif(3, 8);
        byte[] raw = "\nexif\n%8d\n%s\n"
                .formatted(note.length, HexFormat.of().formatHex(note))
                .getBytes(ISO_8859_1);
        assertThat(png("tEXt", bytes(RAW_KEY, raw))).isEqualTo(8);
        assertThat(png("zTXt", bytes(RAW_KEY, new byte[1], deflated(raw)))).isEqualTo(8);
    }

    /// Truncated and broken notes, and one that inflates to more than Pillow's limit of 1 MiB.
    @Test
    void brokenTextOfAPngIsIgnored() throws Exception {
        byte[] bomb = deflated(bytes(PACKET.getBytes(ISO_8859_1), new byte[2 << 20]));
        assertThat(png("zTXt", bytes(XMP_KEY, new byte[1], bomb))).isZero();
        assertThat(png("zTXt", bytes(XMP_KEY, new byte[] {0, 1, 2, 3}))).isZero();
        assertThat(png("zTXt", bytes(XMP_KEY, new byte[] {7}, deflated(PACKET.getBytes(ISO_8859_1)))))
                .isZero();
        assertThat(png("iTXt", bytes(XMP_KEY, new byte[] {1, 0, 0}))).isZero();
        assertThat(png("iTXt", bytes(XMP_KEY, new byte[] {1}))).isZero();
        for (String type : new String[] {"iTXt", "zTXt", "tEXt"}) {
            assertThat(png(type, "XML:com.adobe.xmp".getBytes(ISO_8859_1))).isZero();
            assertThat(png(type, XMP_KEY)).isZero();
            assertThat(png(type, new byte[0])).isZero();
        }
        assertThat(png("eXIf", new byte[0])).isZero();
    }

    @ParameterizedTest
    @CsvSource({"4, 6", "0, 0", "12, 3", "8, 3"})
    void theFlagsOfAWebpSayWhichNotesCount(int flags, int orientation) throws Exception {
        ByteBuffer webp = ByteBuffer.allocate(400).order(ByteOrder.LITTLE_ENDIAN);
        webp.put("RIFF....WEBPVP8X".getBytes(ISO_8859_1))
                .putInt(10)
                .putInt(flags)
                .put(new byte[6]);
        for (String[] note : new String[][] {{"EXIF", new String(exif(3, 3), ISO_8859_1)}, {"XMP ", PACKET}}) {
            byte[] content = note[1].getBytes(ISO_8859_1);
            webp.put(note[0].getBytes(ISO_8859_1))
                    .putInt(content.length)
                    .put(content)
                    .put(new byte[content.length % 2]);
        }
        byte[] file = Arrays.copyOf(webp.putInt(4, webp.position() - 8).array(), webp.position());
        assertThat(ImageHeader.read(file).orientation()).isEqualTo(orientation);
    }

    private static int png(String type, byte[] content) throws Exception {
        byte[] whole = Folder.encoded("png", 1);
        byte[] typed = bytes(type.getBytes(ISO_8859_1), content);
        CRC32 crc = new CRC32();
        crc.update(typed);
        byte[] chunk = bytes(four(content.length), typed, four((int) crc.getValue()));
        // After the signature and the header chunk.
        return ImageHeader.read(bytes(Arrays.copyOf(whole, 33), chunk, Arrays.copyOfRange(whole, 33, whole.length)))
                .orientation();
    }

    private static byte[] withNotes(byte[] segments) throws Exception {
        byte[] jpeg = Folder.encoded("jpg", 1);
        return bytes(Arrays.copyOf(jpeg, 2), segments, Arrays.copyOfRange(jpeg, 2, jpeg.length));
    }

    private static byte[] segment(byte[] content) {
        byte[] length =
                ByteBuffer.allocate(2).putShort((short) (content.length + 2)).array();
        return bytes(new byte[] {-1, (byte) 0xe1}, length, content);
    }

    /// An EXIF note with an orientation of this type.
    private static byte[] exif(int type, int value) {
        ByteBuffer note = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
        note.put("Exif\0\0II*\0".getBytes(ISO_8859_1)).putInt(8).putShort((short) 1);
        note.putShort((short) 0x0112)
                .putShort((short) type)
                .putInt(1)
                .putInt(value)
                .putInt(0);
        return note.array();
    }

    private static byte[] four(int value) {
        return ByteBuffer.allocate(4).putInt(value).array();
    }

    private static byte[] deflated(byte[] content) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(out)) {
            deflater.write(content);
        }
        return out.toByteArray();
    }

    private static byte[] bytes(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
