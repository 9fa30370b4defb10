package io.peregrine.ingest.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.peregrine.ingest.Folder;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;

/// Malformed files of every supported format, and files that are not images, by name. The same seed makes the
/// same files.
final class MalformedFiles {
    private final Random random;
    private final Map<String, byte[]> files = new LinkedHashMap<>();

    private MalformedFiles(long seed) {
        this.random = new Random(seed);
    }

    static Map<String, byte[]> make(long seed) throws Exception {
        MalformedFiles all = new MalformedFiles(seed);
        Map<String, byte[]> whole = wholeOnes();
        for (Map.Entry<String, byte[]> one : whole.entrySet()) {
            all.truncateAtEachTenth(one.getKey(), one.getValue());
            all.flipBytes(one.getKey(), one.getValue());
        }
        all.swapHeaders(whole);
        all.bombs();
        all.otherFormats();
        return all.files;
    }

    private static Map<String, byte[]> wholeOnes() throws Exception {
        Map<String, byte[]> whole = new LinkedHashMap<>();
        for (String format : new String[] {"jpg", "png", "bmp"}) {
            whole.put(format, Folder.encoded(format, 7));
        }
        whole.put("progressive.jpg", progressive());
        whole.put("cmyk.jpg", cmyk());
        for (FirstFramesTest.Case one : FirstFramesTest.cases().toList()) {
            switch (one.name()) {
                case "gif-animated",
                        "webp-lossy-with-alpha",
                        "webp-lossless-smaller-than-canvas",
                        "tiff-rgb-tiff_lzw",
                        "tiff-rgb-jpeg",
                        "tiff-1-group4" -> whole.put(one.name(), one.file());
                default -> {}
            }
        }
        whole.put("ppm", "P6 9 7 255 ".concat("pixels of it...".repeat(13)).getBytes(ISO_8859_1));
        whole.put("plain.pgm", "P2 9 7 9 ".concat("1 2 3 4 5 6 7 ".repeat(9)).getBytes(ISO_8859_1));
        return whole;
    }

    private void truncateAtEachTenth(String name, byte[] whole) {
        for (int tenth = 1; tenth < 10; tenth++) {
            files.put(name + " truncated at " + tenth + "/10", Arrays.copyOf(whole, whole.length * tenth / 10));
        }
    }

    /// Most bytes of a file are pixels, so every second turn changes only the header.
    private void flipBytes(String name, byte[] whole) {
        for (int turn = 0; turn < 6; turn++) {
            byte[] flipped = whole.clone();
            int within = turn % 2 == 0 ? whole.length : Math.min(whole.length, 80);
            for (int change = 0; change <= 3 * turn; change++) {
                flipped[random.nextInt(within)] ^= (byte) (1 + random.nextInt(255));
            }
            files.put(name + " flipped " + turn, flipped);
        }
    }

    private void swapHeaders(Map<String, byte[]> whole) {
        String[] names = whole.keySet().toArray(String[]::new);
        for (int i = 0; i < names.length; i++) {
            byte[] body = whole.get(names[i]).clone();
            String other = names[(i + 1) % names.length];
            System.arraycopy(whole.get(other), 0, body, 0, Math.min(body.length, 30));
            files.put(names[i] + " behind the header of " + other, body);
        }
    }

    private void bombs() throws IOException {
        byte[] zeros = deflated(300_000_000);
        files.put("png of 100000 x 100000", png(100_000, 100_000, 2, "IDAT", new byte[99]));
        files.put("png of 9999 x 9999 without pixels", png(9_999, 9_999, 2, "IDAT", deflated(99)));
        files.put("png of 9 x 9 with 300 MB of pixels", png(9, 9, 2, "IDAT", zeros));
        files.put("png with 300 MB of text", png(9, 9, 2, "zTXt", concat("note\0\0".getBytes(ISO_8859_1), zeros)));
        files.put("png with 300 MB of profile", png(9, 9, 2, "iCCP", concat("icc\0\0".getBytes(ISO_8859_1), zeros)));
        files.put("jpeg of 65500 x 65500", jpeg(65_500, 65_500, 0));
        files.put("jpeg of 9999 x 9999 without pixels", jpeg(9_999, 9_999, 1));
        files.put("jpeg of 2000 x 2000 with 9000 scans", jpeg(2_000, 2_000, 9_000));
        hex("gif of 65535 x 65535", "474946383961 FFFFFFFF000000 2C 00000000 FFFFFFFF 00 02 02 4C01 00 3B");
        hex(
                "gif of 9999 x 9999 without pixels",
                "474946383961 0F270F27000000 2C 00000000 0F270F27 00 02 02 4C01 00 3B");
        hex("gif of 1 x 1 on 9000 x 9000", "474946383961 28232823000000 2C 00000000 01000100 00 02 02 4C01 00 3B");
        hex("webp of 16777216 x 16777216", "52494646 16000000 57454250 56503858 0A000000 00000000 FFFFFF FFFFFF");
        hex("webp of 16384 x 16384", "52494646 16000000 57454250 5650384C 0A000000 2F FFFFFF0F 0000000000");
        hex(
                "webp of 9999 x 9999 without pixels",
                "52494646 16000000 57454250 5650384C 0A000000 2F 0EC7C309 0000000000");
        files.put("bmp of 30000 x 30000", bmp(30_000, 30_000, 0));
        files.put("bmp of 9999 x 9999 without pixels", bmp(9_999, 9_999, 1));
        for (int compression : new int[] {1, 4, 5, 7, 8, 32_773}) {
            files.put("tiff of 100000 x 100000, packed " + compression, tiff(100_000, compression, 0, 0));
            files.put("tiff of 9999 x 9999 without pixels, packed " + compression, tiff(9_999, compression, 0, 0));
        }
        files.put("tiff whose only page follows itself", tiff(4, 1, 0, 8));
        files.put("tiff of 4 x 4 in tiles of 16384 x 16384", tiff(4, 5, 16_384, 0));
        files.put("ppm of 100000 x 100000", "P6 100000 100000 255 x".getBytes(ISO_8859_1));
        files.put("pgm of 9999 x 9999 without pixels", "P2 9999 9999 255 1 2 3".getBytes(ISO_8859_1));
        files.put("pbm of 9999 x 9999 without pixels", "P1 9999 9999 1 0".getBytes(ISO_8859_1));
        files.put("pgm of 2147483647 x 2", "P5 2147483647 2 255 x".getBytes(ISO_8859_1));
    }

    private void otherFormats() {
        files.put("nothing", new byte[0]);
        files.put("one byte", new byte[] {(byte) 0xff});
        for (String text :
                new String[] {"<html>404</html>", "%PDF-1.7 ...", "PK\3\4 a zip file", "\177ELF", "GIF89a"}) {
            files.put(text.strip(), text.getBytes(ISO_8859_1));
        }
        hex("avif", "00000020 66747970 61766966 00000000 61766966");
        hex("jpeg xl", "0000000C 4A584C20 0D0A870A");
        hex("icon", "00000100 01001010 00000100 20006804 00001600 0000");
        for (int i = 0; i < 5; i++) {
            byte[] noise = new byte[4_000];
            random.nextBytes(noise);
            files.put("noise " + i, noise);
        }
    }

    private void hex(String name, String hex) {
        files.put(name, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    private static byte[] progressive() throws IOException {
        BufferedImage image = new BufferedImage(60, 45, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 60 * 45; i++) {
            image.setRGB(i % 60, i / 60, i * 77_777);
        }
        return written(new IIOImage(image, null, null), ImageWriteParam.MODE_DEFAULT);
    }

    /// @return a JPEG of four components, 40 x 30
    static byte[] cmyk() throws IOException {
        WritableRaster inks = Raster.createInterleavedRaster(0, 40, 30, 4, null);
        for (int i = 0; i < 40 * 30 * 4; i++) {
            inks.setSample(i / 4 % 40, i / 160, i % 4, i * 7 & 0xff);
        }
        return written(new IIOImage(inks, null, null), ImageWriteParam.MODE_DISABLED);
    }

    private static byte[] written(IIOImage image, int progressive) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ImageWriteParam parameters = writer.getDefaultWriteParam();
        parameters.setProgressiveMode(progressive);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (var to = ImageIO.createImageOutputStream(out)) {
            writer.setOutput(to);
            writer.write(null, image, parameters);
        }
        writer.dispose();
        return out.toByteArray();
    }

    /// A header, one chunk, pixels of 9 x 9 unless the chunk contains the pixels, and the end.
    private static byte[] png(int width, int height, int colour, String type, byte[] data) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(HexFormat.of().parseHex("89504E470D0A1A0A"));
        ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) 8);
        chunk(out, "IHDR", header.put((byte) colour).array());
        chunk(out, type, data);
        if (!type.equals("IDAT")) {
            chunk(out, "IDAT", deflated(9 * 28));
        }
        chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream out, String type, byte[] data) throws IOException {
        byte[] checked = concat(type.getBytes(ISO_8859_1), data);
        CRC32 crc = new CRC32();
        crc.update(checked);
        out.write(ByteBuffer.allocate(4).putInt(data.length).array());
        out.write(checked);
        out.write(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
    }

    /// @return a progressive image's header with this number of empty scans
    private static byte[] jpeg(int width, int height, int scans) {
        String frame = "FFC2 0011 08 %04X %04X 03 011100 021100 031100".formatted(height, width);
        String quantization = "FFDB 0043 00 " + "01".repeat(64);
        String table = "FFC4 0014 00 01000000000000000000000000000000 00";
        String scan = "FFDA 000C 03 0100 0200 0300 00 00 00 ";
        String all = "FFD8 " + quantization + frame + table + scan.repeat(scans) + "FFD9";
        return HexFormat.of().parseHex(all.replace(" ", ""));
    }

    private static byte[] bmp(int width, int height, int compression) {
        ByteBuffer bmp = ByteBuffer.allocate(1_100).order(ByteOrder.LITTLE_ENDIAN);
        bmp.put("BM".getBytes(ISO_8859_1)).putInt(1_100).putInt(0).putInt(1_078);
        bmp.putInt(40)
                .putInt(width)
                .putInt(height)
                .putShort((short) 1)
                .putShort((short) 8)
                .putInt(compression);
        return bmp.array();
    }

    /// @param tile side of its tiles; 0 for one strip without tiles
    /// @param next offset of the second page
    private static byte[] tiff(int side, int compression, int tile, int next) {
        int[][] strip = {{273, 150}, {278, side}, {279, 20}};
        int[][] tiles = {{322, tile}, {323, tile}, {324, 150}, {325, 20}};
        int[][] entries = {{256, side}, {257, side}, {258, 8}, {259, compression}, {262, 1}, {277, 1}};
        ByteBuffer tiff = ByteBuffer.allocate(170).order(ByteOrder.LITTLE_ENDIAN);
        int count = entries.length + (tile == 0 ? strip : tiles).length;
        tiff.putInt(0x002a4949).putInt(8).putShort((short) count);
        for (int[][] some : new int[][][] {entries, tile == 0 ? strip : tiles}) {
            for (int[] entry : some) {
                tiff.putShort((short) entry[0]).putShort((short) 4).putInt(1).putInt(entry[1]);
            }
        }
        tiff.putInt(next);
        return tiff.array();
    }

    private static byte[] deflated(int zeros) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(out)) {
            byte[] piece = new byte[1_000_000];
            for (int left = zeros; left > 0; left -= piece.length) {
                deflater.write(piece, 0, Math.min(left, piece.length));
            }
        }
        return out.toByteArray();
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
