package io.peregrine.trainer.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.EventCodec;
import io.peregrine.random.Mt19937;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The benchmark's Java side reports on the requested training. Times are not checked.
class TrainingSpeedTest {
    private static final int SIDE = 16;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"seed-cnn", "seed-autoencoder", "resnet", "resnet-autoencoder"})
    void reportsTheTimeOfEachStepAndTheLossOfEachEpoch(String network) throws IOException {
        Mt19937 random = new Mt19937(1);
        byte[] pixels = new byte[10 * 3 * SIDE * SIDE];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) random.below(256);
        }
        Path file = folder.resolve("images.safetensors");
        new SafetensorsWriter()
                .add("pixels", new long[] {10, 3, SIDE, SIDE}, pixels)
                .add("labels", new long[] {10}, new long[] {0, 1, 0, 1, 0, 1, 0, 1, 0, 1})
                .writeTo(file);
        JsonNode answer = measured(network, file, "0");
        assertThat(answer.get("seconds")).hasSize(6);
        assertThat(answer.get("losses")).hasSize(2);
        double all = 0;
        for (JsonNode step : answer.get("seconds")) {
            all += step.doubleValue();
        }
        assertThat(answer.get("optimizer").doubleValue()).isPositive().isLessThan(all);
        assertThat(answer.get("waited").doubleValue()).isBetween(0.0, all);

        JsonNode warm = measured(network, file, "0.2");
        assertThat(warm.get("seconds")).hasSize(6);
        assertThat(warm.get("losses")).as("the warm-up leaves no trace").isEqualTo(answer.get("losses"));
    }

    /// Two epochs of three batches of four.
    private JsonNode measured(String network, Path file, String warmUp) throws IOException {
        PrintStream out = System.out;
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        System.setOut(new PrintStream(output, true, UTF_8));
        try {
            TrainingSpeed.main(new String[] {
                network, file.toString(), folder.resolve("store").toString(), "4", "3", "2", "2", warmUp, "auto"
            });
        } finally {
            System.setOut(out);
        }
        return EventCodec.json()
                .readTree(output.toString(UTF_8)
                        .lines()
                        .filter(one -> one.startsWith("{"))
                        .findFirst()
                        .orElseThrow());
    }
}
