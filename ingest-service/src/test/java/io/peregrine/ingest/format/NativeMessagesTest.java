package io.peregrine.ingest.format;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.ingest.image.ImageRejectedException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class NativeMessagesTest {
    private final List<String> lines = Collections.synchronizedList(new ArrayList<>());

    @Test
    void decoderOutputIsCapturedLineByLine() throws IOException {
        byte[] jpeg = damagedJpeg();
        // The first decode loads the library, which prints messages of its own.
        decode(jpeg);
        try (NativeMessages messages = NativeMessages.capture(lines::add)) {
            decode(jpeg);
        }
        assertThat(lines).anySatisfy(line -> assertThat(line).startsWith("Corrupt JPEG data"));
    }

    @Test
    void standardErrorIsRestoredAfterwards() throws IOException {
        FileOutputStream stderr = new FileOutputStream(FileDescriptor.err);
        try (NativeMessages messages = NativeMessages.capture(lines::add)) {
            stderr.write("one\ntwo\nno line end".getBytes(UTF_8));
        }
        assertThat(lines).containsExactly("one", "two", "no line end");

        lines.clear();
        try (NativeMessages messages = NativeMessages.capture(lines::add)) {
            stderr.write("again\n".getBytes(UTF_8));
        }
        stderr.write('\n');
        assertThat(lines).containsExactly("again");
    }

    @Test
    void aLineWithoutAnEndUsesBoundedMemory() throws IOException {
        FileOutputStream stderr = new FileOutputStream(FileDescriptor.err);
        try (NativeMessages messages = NativeMessages.capture(lines::add)) {
            stderr.write("x".repeat(100_000).getBytes(UTF_8));
        }
        assertThat(lines)
                .hasSizeGreaterThan(20)
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(4096));
    }

    private static void decode(byte[] jpeg) {
        try {
            OpenCv.decode(jpeg, ImageHeader.Format.JPEG);
        } catch (ImageRejectedException decodedOrNot) {
            // Only the printed output matters here.
        }
    }

    /// Stray bytes between the entropy-coded data and the end marker: libjpeg reports them and decodes.
    private static byte[] damagedJpeg() throws IOException {
        BufferedImage image = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(1);
        for (int i = 0; i < 64 * 64; i++) {
            image.setRGB(i % 64, i / 64, random.nextInt());
        }
        ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
        ImageIO.write(image, "jpeg", jpeg);
        byte[] valid = jpeg.toByteArray();
        byte[] damaged = new byte[valid.length + 64];
        System.arraycopy(valid, 0, damaged, 0, valid.length - 2);
        for (int i = valid.length - 2; i < damaged.length - 2; i++) {
            damaged[i] = 0x11;
        }
        damaged[damaged.length - 2] = (byte) 0xff;
        damaged[damaged.length - 1] = (byte) 0xd9;
        return damaged;
    }
}
