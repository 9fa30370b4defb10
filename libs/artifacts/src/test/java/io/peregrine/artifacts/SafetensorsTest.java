package io.peregrine.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.events.Failure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
            assertThatThrownBy(() -> read.tensor("f").longs()).hasMessageContaining("F32, read as I64");
        }
        byte[] bytes = Files.readAllBytes(file);
        assertThat(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8)
                .isZero();
    }

    @Test
    void shapeAndValuesMustAgree() {
        assertThatThrownBy(() -> new SafetensorsWriter().add("f", new long[] {3}, new float[2]))
                .hasMessage("tensor 'f': its shape asks for 12 bytes, 8 are given");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}|4|claims bytes 0 to 8 of 4",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}|8|claims bytes 0 to 8",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}|8|overlap or leave a hole",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}|8|8 bytes of data",
                "{\"a\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[0,2]}}|2|U8, I64, F32 and F64",
                "{\"a\":{\"dtype\":\"I64\",\"shape\":[4611686018427387904],\"data_offsets\":[0,8]}}|8|impossible",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[-8],\"data_offsets\":[0,8]}}|8|impossible",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[-8,0]}}|8|impossible",
                "{\"a\":{\"dtype\":\"U8\"}}|8|no shape",
                "{\"a\":1}|8|U8, I64",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{}}|1|no JSON",
                "[]|0|no JSON object",
                "{\"__metadata__\":{\"a\":1}}|0|is no text",
                "{nonsense|0|no JSON"
            })
    void aHostileHeaderIsNamedAndRefused(String header, int dataBytes, String why) throws IOException {
        byte[] json = header.getBytes(UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(json.length).put(json);
        Path path = Files.write(folder.resolve("hostile.safetensors"), file.array());

        assertThatThrownBy(() -> Safetensors.open(path))
                .isInstanceOf(Failure.class)
                .hasMessageContaining(why);
    }

    @Test
    void aMessageHoldsAHostileNameWithoutHarm() {
        assertThat(Safetensors.shown("linear1.weight")).isEqualTo("linear1.weight");
        assertThat(Safetensors.shown("a\0\ud800\n" + "b".repeat(100_000))).isEqualTo("a???" + "b".repeat(96) + "…");
    }

    @Test
    void noDamagedFileDoesMoreThanFailByName() throws IOException {
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
            } catch (Failure failure) {
                assertThat(failure.code()).isEqualTo("TENSORS_UNREADABLE");
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(500);
    }
}
