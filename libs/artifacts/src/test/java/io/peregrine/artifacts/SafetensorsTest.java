package io.peregrine.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.events.FailureException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    @Test
    void everyTypeIsReadAsItWasWritten() throws IOException {
        Path file = folder.resolve("all.safetensors");
        new SafetensorsWriter()
                .metadata("made", "by a test")
                .add("f", new long[] {2, 1}, new float[] {1.5f, Float.NaN})
                .add("d", new long[] {1}, new double[] {Math.PI})
                .add("l", new long[] {3}, new long[] {-1, 0, Long.MAX_VALUE})
                .add("b", new long[] {0, 3}, new byte[0])
                .writeTo(file);

        try (Safetensors read = Safetensors.open(file)) {
            assertThat(read.metadata()).containsEntry("made", "by a test");
            assertThat(read.names()).containsExactly("f", "d", "l", "b");
            assertThat(read.tensor("f").floats()).containsExactly(1.5f, Float.NaN);
            assertThat(read.tensor("f").shape()).containsExactly(2, 1);
            assertThat(read.tensor("d").doubles()).containsExactly(Math.PI);
            assertThat(read.tensor("l").longs()).containsExactly(-1, 0, Long.MAX_VALUE);
            assertThat(read.tensor("b").bytes()).isEmpty();
            assertThatThrownBy(() -> read.tensor("x")).hasMessageContaining("no tensor 'x', only [f, d, l, b]");
            assertThatThrownBy(() -> read.tensor("f").longs()).hasMessageContaining("F32, not I64");
        }
        byte[] bytes = Files.readAllBytes(file);
        assertThat(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8)
                .isZero();
    }

    @Test
    void shapeAndValuesMustAgree() {
        assertThatThrownBy(() -> new SafetensorsWriter().add("f", new long[] {3}, new float[2]))
                .hasMessage("Tensor 'f' needs 12 bytes for its shape, but has 8");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}|4|claims bytes 0 to 8 of 4",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}|8|claims bytes 0 to 8",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}|8|overlap or leave a gap",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}|8|8 bytes of data",
                "{\"a\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[0,2]}}|2|U8, I64, F32 or F64",
                "{\"a\":{\"dtype\":\"I64\",\"shape\":[4611686018427387904],\"data_offsets\":[0,8]}}|8|impossible",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[-8],\"data_offsets\":[0,8]}}|8|impossible",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[-8,0]}}|8|impossible",
                "{\"a\":{\"dtype\":\"U8\"}}|8|no shape",
                "{\"a\":1}|8|U8, I64",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{}}|1|not JSON",
                "[]|0|not a JSON object",
                "{\"__metadata__\":{\"a\":1}}|0|is not a string",
                "{nonsense|0|not JSON"
            })
    void aHostileHeaderIsRejectedWithItsDefect(String header, int dataBytes, String why) throws IOException {
        Path path = file(header, dataBytes);

        assertThatThrownBy(() -> Safetensors.open(path))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining(why);
    }

    private Path file(String header, int dataBytes) throws IOException {
        byte[] json = header.getBytes(UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(json.length).put(json);
        return Files.write(folder.resolve("hostile.safetensors"), file.array());
    }

    @Test
    void aHeaderOfAHundredMegabytesIsRejectedUnread() throws IOException {
        // A sparse file: it has the length, but no data.
        Path file = folder.resolve("large.safetensors");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(100_000_000)
                    .flip());
            channel.write(ByteBuffer.allocate(1), 100_000_100);
        }

        assertThatThrownBy(() -> Safetensors.open(file))
                .hasMessageContaining("has 100,000,000 bytes; the maximum is 1,048,576");
    }

    @Test
    void tenThousandTensorsAreReadAndNotOneMore() throws IOException {
        for (int count : new int[] {10_000, 10_001}) {
            String tensors = IntStream.range(0, count)
                    .mapToObj("\"t%d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}"::formatted)
                    .collect(Collectors.joining(","));
            Path file = file("{" + tensors + "}", 0);
            if (count == 10_000) {
                try (Safetensors read = Safetensors.open(file)) {
                    assertThat(read.names()).hasSize(count);
                }
            } else {
                assertThatThrownBy(() -> Safetensors.open(file)).hasMessageContaining("more than 10,000 tensors");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // Each repeats one element for a megabyte.
                "{\"a\":%s1%s}|[|]", "{\"a\":{\"shape\":[%s1%s]}}|1,|",
                        "{\"__metadata__\":{%s\"z\":\"\"%s}}|\"a\":\"\",|",
                "{\"a\":{%s\"z\":1%s}}|\"b\":{},|", "{%s\"z\":1%s}|\"\":0,|", "{\"%sz%s\":1}|n|"
            })
    void aMegabyteOfAnythingIsRefusedAtOnce(String template) throws IOException {
        String[] parts = template.split("\\|", -1);
        int times = 1_000_000 / Math.max(1, parts[1].length() + parts[2].length());
        Path file = file(parts[0].formatted(parts[1].repeat(times), parts[2].repeat(times)), 0);

        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOfSatisfying(
                        FailureException.class,
                        failure -> assertThat(failure.code()).isEqualTo("TENSORS_UNREADABLE"));
    }

    @Test
    void aFileTruncatedWhileMappedIsReported() throws IOException {
        Path file = folder.resolve("mapped.safetensors");
        new SafetensorsWriter()
                .add("a", new long[] {1_000_000}, new byte[1_000_000])
                .writeTo(file);
        try (Safetensors read = Safetensors.open(file)) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(100_000);
            }
            assertThatThrownBy(() -> read.tensor("a").bytes())
                    .isInstanceOfSatisfying(
                            InternalError.class,
                            error -> assertThat(Safetensors.truncated(error))
                                    .hasValueSatisfying(failure ->
                                            assertThat(failure.code()).isEqualTo("ARTIFACT_CORRUPT")));
        }
        assertThat(Safetensors.truncated(new InternalError("another"))).isEmpty();
    }

    @Test
    void aHeaderBeyondTheLimitsIsNotWritten() {
        SafetensorsWriter notes = new SafetensorsWriter().metadata("names", "n".repeat(Safetensors.MAX_HEADER_BYTES));
        SafetensorsWriter tensors = new SafetensorsWriter();
        for (int i = 0; i <= Safetensors.MAX_TENSORS; i++) {
            tensors.add("t" + i, new long[] {0}, new byte[0]);
        }
        for (SafetensorsWriter writer : List.of(notes, tensors)) {
            assertThatThrownBy(() -> writer.writeTo(folder.resolve("none.safetensors")))
                    .isInstanceOfSatisfying(
                            FailureException.class,
                            failure -> assertThat(failure.code()).isEqualTo("TENSORS_TOO_MANY"));
        }
        assertThat(folder.resolve("none.safetensors")).doesNotExist();
    }

    /// Headers composed of the format's own tokens get deeper into the parser than flipped bytes.
    @Test
    void everyHeaderOfTheFormatsOwnTokensIsReadOrRejected() throws IOException {
        String[] words = {
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"a\"",
            "\"b\"",
            "\"dtype\"",
            "\"shape\"",
            "\"data_offsets\"",
            "\"__metadata__\"",
            "\"U8\"",
            "\"F32\"",
            "0",
            "1",
            "4",
            "-1",
            "1e3",
            "99999999999999999999",
            "null",
            "true",
            " "
        };
        Random random = new Random(43);
        int read = 0;
        for (int round = 0; round < 20_000; round++) {
            StringBuilder header = new StringBuilder("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}");
            for (int i = random.nextInt(4); i > 0; i--) {
                int at = random.nextInt(header.length());
                int end = Math.min(header.length(), at + random.nextInt(8));
                header.replace(at, end, words[random.nextInt(words.length)]);
            }
            try {
                SafetensorsHeader.read(header.toString().getBytes(UTF_8), 4);
                read++;
            } catch (SafetensorsHeader.InvalidHeaderException expected) {
                assertThat(expected).hasMessageMatching("(its|it|tensor|metadata) .*");
            }
        }
        assertThat(read).isBetween(1_000, 15_000);
    }

    @Test
    void aHostileNameIsSafeInAMessage() {
        assertThat(Safetensors.shown("linear1.weight")).isEqualTo("linear1.weight");
        assertThat(Safetensors.shown("a\0\ud800\n" + "b".repeat(100_000))).isEqualTo("a???" + "b".repeat(96) + "…");
    }

    @Test
    void everyDamagedFileIsReadOrRejected() throws IOException {
        Path good = folder.resolve("good.safetensors");
        new SafetensorsWriter()
                .add("a", new long[] {4}, new float[] {1, 2, 3, 4})
                .add("b", new long[] {2}, new long[] {5, 6})
                .writeTo(good);
        byte[] bytes = Files.readAllBytes(good);
        Random random = new Random(42);
        Path damaged = folder.resolve("damaged.safetensors");
        int refused = 0;
        for (int round = 0; round < 2_000; round++) {
            byte[] copy = java.util.Arrays.copyOf(
                    bytes, random.nextInt(4) == 0 ? random.nextInt(bytes.length) : bytes.length);
            for (int i = 0; i < 3 && copy.length > 0; i++) {
                copy[random.nextInt(copy.length)] = (byte) random.nextInt(256);
            }
            Files.write(damaged, copy);
            try (Safetensors read = Safetensors.open(damaged)) {
                read.names()
                        .forEach(name ->
                                assertThat(read.tensor(name).data().byteSize()).isLessThanOrEqualTo(copy.length));
            } catch (FailureException failure) {
                assertThat(failure.code()).isEqualTo("TENSORS_UNREADABLE");
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(500);
    }
}
