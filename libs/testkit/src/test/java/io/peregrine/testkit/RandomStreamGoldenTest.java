package io.peregrine.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.EventCodec;
import io.peregrine.random.Mt19937;
import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("golden")
class RandomStreamGoldenTest {
    @Test
    void everyDrawEqualsNumpys() throws IOException {
        JsonNode cases = EventCodec.json().readTree(Golden.file("mt19937.json").toFile());
        assertThat(cases).isNotEmpty();
        for (JsonNode stream : cases) {
            Mt19937 random = new Mt19937(stream.get("seed").longValue());
            String which = "seed %s, high %s".formatted(stream.get("seed"), stream.get("high"));
            for (JsonNode integer : stream.get("randint")) {
                assertThat(random.below(stream.get("high").longValue()))
                        .as(which)
                        .isEqualTo(integer.longValue());
            }
            for (JsonNode real : stream.get("uniform_hex")) {
                assertThat(random.uniform()).as(which).isEqualTo(Double.parseDouble(real.textValue()));
            }
        }
    }
}
