package io.peregrine.ingest.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.events.EventCodec;
import io.peregrine.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class ResizeTest {
    @Test
    @Tag("golden")
    void everyGoldenImageIsResizedAsPillowDoes() throws IOException {
        JsonNode cases = EventCodec.json()
                .readTree(Files.readAllBytes(Golden.file("resize.json")))
                .get("cases");
        assertThat(cases).isNotEmpty();
        try (Safetensors golden = Safetensors.open(Golden.file("resize.safetensors"))) {
            for (JsonNode one : cases) {
                Raster image = raster(golden, "in." + one.get("case").asInt());
                assertThat(image.width()).isEqualTo(one.get("width").asInt());
                assertThat(image.height()).isEqualTo(one.get("height").asInt());
                int side = one.get("side").asInt();
                Raster resized = Resize.bilinear(image, Resize.Box.whole(image), side, side);
                assertThat(resized.rgb())
                        .as("case %s", one)
                        .isEqualTo(
                                raster(golden, "out." + one.get("case").asInt()).rgb());
            }
        }
    }

    private static Raster raster(Safetensors golden, String name) {
        Safetensors.Tensor tensor = golden.tensor(name);
        return new Raster((int) tensor.shape()[1], (int) tensor.shape()[0], tensor.bytes());
    }
}
