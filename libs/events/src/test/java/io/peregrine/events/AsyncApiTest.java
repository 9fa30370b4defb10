package io.peregrine.events;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// `docs/asyncapi.yaml` matches the code. OnePaintingTest checks that published events match it.
class AsyncApiTest {
    private static final Path COMMITTED = Path.of("../../docs/asyncapi.yaml");
    private static final Path WRITTEN = Path.of("target/asyncapi.yaml");

    private final ObjectMapper yaml = new ObjectMapper(new YAMLFactory());

    @Test
    void theCommittedDocumentIsThatOfTheCode() throws Exception {
        JsonNode document = AsyncApiDocument.write();
        yaml.writeValue(WRITTEN.toFile(), document);

        assertThat(yaml.readTree(COMMITTED.toFile()))
                .as("a contract changes on purpose: copy libs/events/%s to docs/asyncapi.yaml", WRITTEN)
                .isEqualTo(yaml.readTree(WRITTEN.toFile()));
        // Strings must stay quoted: without quotes YAML parses 1.0 as a number.
        assertThat(yaml.readTree(WRITTEN.toFile())).hasToString(document.toString());
    }

    @Test
    void everyComponentOfAnEventIsDescribedOrRequired() throws Exception {
        JsonNode schemas = AsyncApiDocument.write().at("/components/schemas");

        assertThat(schemas.at("/ImagesIngested/required"))
                .extracting(JsonNode::textValue)
                .containsExactlyInAnyOrder("run", "label", "split", "pack", "pixels", "images");
        assertThat(schemas.at("/CheckpointPublished/required"))
                .extracting(JsonNode::textValue)
                .doesNotContain("test");
        assertThat(schemas.at("/TestMeasures/required"))
                .as("an autoencoder has only a loss")
                .extracting(JsonNode::textValue)
                .containsExactlyInAnyOrder("loss", "images");
        assertThat(schemas.at("/ImageRef/properties/row/description").textValue())
                .isEqualTo("position of the file among all listed files");
        assertThat(schemas.at("/RunSpec/required"))
                .extracting(JsonNode::textValue)
                .containsExactlyInAnyOrder("dataset", "uri");
    }
}
