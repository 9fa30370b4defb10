package io.peregrine.events.spec;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.EventCodec;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The schema of a specification has the fields that are read, with the values that are read for omitted fields.
class SpecSchemaTest {
    private static final String SMALLEST = "{\"dataset\": \"a\", \"uri\": \"file:///a\"}";

    private final JsonNode schema = SpecSchema.json();

    private static ObjectNode specification(String json) throws Exception {
        return (ObjectNode) EventCodec.json().readTree(json);
    }

    /// @return paths of all fields that are no objects with fields of their own
    private static List<String> paths(JsonNode properties) {
        List<String> paths = new ArrayList<>();
        properties.properties().forEach(property -> {
            JsonNode nested = property.getValue().get("properties");
            if (nested == null) {
                paths.add(property.getKey());
            } else {
                paths(nested).forEach(path -> paths.add(property.getKey() + "." + path));
            }
        });
        return paths;
    }

    @Test
    void theSchemaHasEveryFieldOfTheTable() {
        assertThat(paths(schema.get("properties")))
                .containsExactlyInAnyOrderElementsOf(
                        SpecFields.all().stream().map(SpecField::path).toList());
        assertThat(SpecFields.all().stream().map(SpecField::path)).doesNotHaveDuplicates();
    }

    @Test
    void everyFieldOfRunJsonIsInTheTable() throws Exception {
        ObjectNode run = specification(
                new String(RunSpec.parse(specification(SMALLEST)).toJson(), java.nio.charset.StandardCharsets.UTF_8));
        List<String> optional =
                List.of("priority", "clusters.k", "classifier.initialWeights", "autoencoder.initialWeights");
        List<String> written = new ArrayList<>(optional);
        run.properties().forEach(entry -> {
            if (entry.getValue().isObject()) {
                entry.getValue().fieldNames().forEachRemaining(name -> written.add(entry.getKey() + "." + name));
            } else {
                written.add(entry.getKey());
            }
        });
        assertThat(written)
                .containsExactlyInAnyOrderElementsOf(
                        SpecFields.all().stream().map(SpecField::path).toList());
    }

    @Test
    void aDefaultIsWhatAnOmittedFieldIs() throws Exception {
        JsonNode run = EventCodec.json()
                .readTree(RunSpec.parse(specification(SMALLEST)).toJson());
        for (SpecField<?> field : SpecFields.all()) {
            String pointer = "/" + field.path().replace('.', '/');
            JsonNode described = schema.at(
                    "/properties" + pointer.replace("/", "/properties/").substring(11));
            if (described.has("default") && !field.name().equals("priority")) {
                assertThat(described.get("default").toString())
                        .as(field.path())
                        .isEqualTo(run.at(pointer).toString().replaceAll("(\\d)\\.0$", "$1"));
            }
        }
    }

    @Test
    void aDefaultThatDependsOnAnotherFieldNamesIt() {
        assertThat(schema.at("/properties/classifier/properties/epochs/x-defaultWhere"))
                .hasToString("[{\"field\":\"classifier.preset\",\"equals\":\"seed-cnn\",\"default\":10}]");
        assertThat(schema.at("/properties/balance/properties/strategy/x-defaultWhere/0/default"))
                .hasToString("\"auto\"");
    }

    @Test
    void everyFieldIsDescribed() {
        for (SpecField<?> field : SpecFields.all()) {
            assertThat(field.description()).as(field.path()).isNotBlank().doesNotEndWith(".");
        }
    }

    @Test
    void theRangeOfTheSchemaIsTheOneThatIsRead() throws Exception {
        JsonNode side = schema.at("/properties/image/properties/side");
        assertThat(side.get("minimum").intValue()).isEqualTo(8);
        assertThat(side.get("maximum").intValue()).isEqualTo(2_048);
        assertThat(side.get("multipleOf").intValue()).isEqualTo(8);
        assertThat(schema.at("/properties/image/properties/fit/enum"))
                .hasToString("[\"stretch\",\"cover\",\"letterbox\"]");
        assertThat(schema.at("/required")).hasToString("[\"dataset\",\"uri\"]");
    }
}
