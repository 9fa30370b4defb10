package io.peregrine.artifacts.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FullDiskTest {
    private static final int MEGABYTE = 1 << 20;

    @TempDir
    Path folder;

    private static void refusesForWantOfRoom(ThrowingCallable publication, String needed) {
        assertThatThrownBy(publication)
                .isInstanceOfSatisfying(FailureException.class, failure -> {
                    assertThat(failure.code()).isEqualTo("STORE_FULL");
                    assertThat(failure.kind()).isEqualTo(FailureKind.RESOURCE);
                })
                .hasMessageContaining(needed)
                .hasMessageMatching("(?s).* and [1-9][0-9,]* are free.*");
    }

    private static byte[] noise(int bytes) {
        byte[] noise = new byte[bytes];
        new Random(7).nextBytes(noise);
        return noise;
    }

    @Test
    void aFullStoreReportsTheBytesNeededAndAcceptsWhatFits() throws IOException, InterruptedException {
        try (SmallDisk disk = SmallDisk.mount(folder, 2)) {
            FileStore store = new FileStore(disk.folder());
            refusesForWantOfRoom(
                    () -> store.unreferenced().publish("note", "bin", noise(3 * MEGABYTE)),
                    "a note: 3,145,728 bytes are needed");
            SafetensorsWriter tensors =
                    new SafetensorsWriter().add("a", new long[] {3 * MEGABYTE}, noise(3 * MEGABYTE));
            refusesForWantOfRoom(
                    () -> store.unreferenced().publish("pack", "safetensors", tensors::writeTo),
                    "a pack: %,d bytes are needed".formatted(sizeOf(tensors)));
            refusesForWantOfRoom(
                    () -> store.unreferenced().publish("copy", "bin", aside -> {
                        try (var out = Files.newOutputStream(aside)) {
                            for (int i = 0; i < 300; i++) {
                                out.write(noise(10_000));
                            }
                        }
                    }),
                    "a copy: more than ");
            assertThat(disk.folder().resolve("aside").toFile().list()).isEmpty();
            assertThatCode(store::mustBeWritable).doesNotThrowAnyException();

            ArtifactRef fits = store.unreferenced().publish("note", "bin", noise(MEGABYTE));
            assertThat(store.open(fits)).hasBinaryContent(noise(MEGABYTE));
        }
    }

    private long sizeOf(SafetensorsWriter tensors) throws IOException {
        Path file = Files.createTempFile("peregrine", ".safetensors");
        try {
            tensors.writeTo(file);
            return Files.size(file);
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void aFullDiskAcceptsNothingUntilThereIsSpace() throws IOException, InterruptedException {
        try (SmallDisk disk = SmallDisk.mount(folder, 1)) {
            FileStore store = new FileStore(disk.folder());
            Path others = disk.folder().resolve("others");
            assertThatThrownBy(() -> Files.write(others, noise(2 * MEGABYTE))).isInstanceOf(IOException.class);

            assertThatThrownBy(store::mustBeWritable)
                    .isInstanceOfSatisfying(
                            FailureException.class,
                            failure -> assertThat(failure.code()).isEqualTo("STORE_FULL"));
            Files.delete(others);
            store.mustBeWritable();
            store.unreferenced().publish("note", "bin", noise(1_000));
        }
    }
}
