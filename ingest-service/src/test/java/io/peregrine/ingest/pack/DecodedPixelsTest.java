package io.peregrine.ingest.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.events.FailureException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecodedPixelsTest {
    private static final int IMAGES = 64;
    private static final int BYTES = 3 * 40 * 40;

    @TempDir
    private Path folder;

    @ParameterizedTest(name = "up to {0} bytes in memory")
    @ValueSource(longs = {0, Long.MAX_VALUE})
    void imagesAreReadAsTheyWereStoredByAnyThread(long inMemory) throws IOException {
        List<byte[]> images =
                IntStream.range(0, IMAGES).mapToObj(DecodedPixelsTest::noise).toList();
        try (DecodedPixels pixels = new DecodedPixels((long) IMAGES * BYTES, inMemory, folder)) {
            List<MemorySegment> kept =
                    images.parallelStream().map(pixels::store).toList();
            for (int i = 0; i < IMAGES; i++) {
                assertThat(kept.get(i).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(images.get(i));
            }
            // A process that is killed at this point leaves no file behind.
            try (var files = Files.walk(folder)) {
                assertThat(files.filter(Files::isRegularFile)).isEmpty();
            }
        }
    }

    @Test
    void aFolderThatIsNotWritableIsARetryableFailure() throws IOException {
        Path file = Files.createFile(folder.resolve("a file"));
        assertThatThrownBy(() -> new DecodedPixels(1, 0, file))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("decoded images cannot be buffered in " + file);
    }

    private static byte[] noise(int seed) {
        byte[] bytes = new byte[BYTES];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
