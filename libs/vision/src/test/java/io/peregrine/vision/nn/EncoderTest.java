package io.peregrine.vision.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.testkit.Golden;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("golden")
class EncoderTest {
    @TempDir
    Path folder;

    private Path weights(Safetensors golden) throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter();
        for (String name : golden.names()) {
            if (name.startsWith("before.")) {
                Safetensors.Tensor tensor = golden.tensor(name);
                writer.add(name.substring("before.".length()), tensor.shape(), tensor.floats());
            }
        }
        Path file = folder.resolve("weights.safetensors");
        writer.writeTo(file);
        return file;
    }

    @Test
    void latentsEqualThoseOfPyTorch() throws IOException {
        try (Safetensors golden = Safetensors.open(Golden.file("autoencoder.safetensors"));
                Safetensors weights = Safetensors.open(weights(golden));
                Encoder encoder = new Encoder(weights)) {
            Safetensors.Tensor images = golden.tensor("images");
            int count = (int) images.shape()[0];
            int side = (int) images.shape()[2];
            float[] expected = golden.tensor("encoded_before").floats();
            float scale = 0;
            for (float value : expected) {
                scale = Math.max(scale, Math.abs(value));
            }

            float[] ours = encoder.encode(images.data(), count, side);

            assertThat(ours).hasSize(count * encoder.latent()).containsExactly(expected, within(1e-5f * scale));
            // A separate batch through the same buffer.
            long values = images.data().byteSize() / count;
            assertThat(encoder.encode(images.data().asSlice(values, values), 1, side))
                    .containsExactly(
                            java.util.Arrays.copyOfRange(expected, encoder.latent(), 2 * encoder.latent()),
                            within(1e-5f * scale));
        }
    }

    @Test
    void imageIsReconstructedAsInPyTorch() throws IOException {
        try (Safetensors golden = Safetensors.open(Golden.file("autoencoder.safetensors"));
                Safetensors weights = Safetensors.open(weights(golden))) {
            Safetensors.Tensor images = golden.tensor("images");
            int side = (int) images.shape()[2];
            int values = 3 * side * side;
            float[] expected = golden.tensor("decoded_before").floats();

            float[] ours = Reconstruction.of(weights, images.data().asSlice(4L * values, values), side);

            assertThat(ours)
                    .containsExactly(java.util.Arrays.copyOfRange(expected, 4 * values, 5 * values), within(1e-3f));
            assertThatThrownBy(() -> Reconstruction.of(weights, images.data(), side / 2))
                    .hasMessageContaining("images have side " + side / 2);
        }
    }

    @Test
    void imagesOfAnotherSideFail() throws IOException {
        try (Safetensors golden = Safetensors.open(Golden.file("autoencoder.safetensors"));
                Safetensors weights = Safetensors.open(weights(golden));
                Encoder encoder = new Encoder(weights)) {
            int side = (int) golden.tensor("images").shape()[2] / 2;
            assertThatThrownBy(
                            () -> encoder.encode(golden.tensor("images").data().asSlice(0, 3L * side * side), 1, side))
                    .hasMessageContaining("images have side " + side);
        }
    }
}
