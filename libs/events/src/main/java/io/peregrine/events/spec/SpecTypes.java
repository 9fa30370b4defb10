package io.peregrine.events.spec;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.spec.RunSpec.NeighbourChoice;
import io.peregrine.events.spec.RunSpec.Strategy;
import io.peregrine.events.spec.RunSpec.WeightsSource;
import java.util.LinkedHashMap;
import java.util.Map;

/// Types of a specification's fields whose JSON has several forms.
final class SpecTypes {
    private static final int URI_CHARACTERS = 4_096;
    private static final int MAX_COUNT = 100_000_000;

    private SpecTypes() {}

    /// The address of a folder.
    static FieldType<String> folder() {
        ObjectNode schema = FieldType.typed("string");
        schema.put("format", "uri").put("pattern", "^file:/").put("maxLength", URI_CHARACTERS);
        return new FieldType<>("file:///path/to/folder", schema, found -> file(found, "folder"));
    }

    private static String file(JsonNode found, String what) throws NotAllowedException {
        if (!found.isTextual() || !found.textValue().startsWith("file:/")) {
            throw new NotAllowedException("is not the URI of a " + what);
        }
        if (found.textValue().length() > URI_CHARACTERS) {
            throw new NotAllowedException("is longer than %,d characters".formatted(URI_CHARACTERS));
        }
        return found.textValue();
    }

    /// Number of neighbours, or the word for an adaptive number.
    static FieldType<NeighbourChoice> neighbours() {
        FieldType<Integer> number = FieldType.integer(1, 1_000);
        ObjectNode schema = json("{\"oneOf\": [%s, {\"const\": \"adaptive\"}]}".formatted(number.schema()));
        return new FieldType<>(number.allowed() + ", or \"adaptive\"", schema, found -> {
            if (found.isTextual() && found.textValue().equals(NeighbourChoice.ADAPTIVE)) {
                return new NeighbourChoice(NeighbourChoice.DEFAULT, true);
            }
            return NeighbourChoice.fixed(number.reader().read(found));
        });
    }

    /// A string is the address of a file, an object refers to an artifact of the store.
    static FieldType<WeightsSource> weights() {
        ObjectNode schema = json("""
                {"oneOf": [{"type": "string", "format": "uri", "pattern": "^file:/"},
                  {"type": "object", "required": ["uri", "sha256", "bytes"],
                   "properties": {"uri": {"type": "string", "pattern": "^store:"}, "sha256": {"type": "string"},
                     "bytes": {"type": "integer"}}}]}""");
        return new FieldType<>(
                "file:///path/to/file, or {\"uri\", \"sha256\", \"bytes\"} from 'weights' of a checkpoint",
                schema,
                found -> found.isObject()
                        ? new WeightsSource.Stored(stored(found))
                        : new WeightsSource.File(file(found, "file")));
    }

    private static ArtifactRef stored(JsonNode found) throws NotAllowedException {
        try {
            ArtifactRef weights = EventCodec.json().treeToValue(found, ArtifactRef.class);
            String sha256 = weights.sha256();
            if (weights.uri().matches("store:[a-z]{1,20}/%.2s/%s\\.safetensors".formatted(sha256, sha256))) {
                return weights;
            }
        } catch (JsonProcessingException e) {
            // Rejected below.
        }
        throw new NotAllowedException("does not refer to a safetensors file of the store");
    }

    /// Sizes of the classes after balancing.
    static FieldType<Strategy> strategy() {
        ObjectNode schema = json("""
                {"oneOf": [
                  {"enum": ["none", "auto", "not majority", "minority", "not minority", "all"]},
                  {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                  {"type": "object", "required": ["atLeast"], "additionalProperties": false,
                   "properties": {"atLeast": {"type": "integer", "minimum": 0, "maximum": %d}}},
                  {"type": "object", "required": ["counts"], "additionalProperties": false,
                   "properties": {"counts": {"type": "object", "minProperties": 1,
                     "additionalProperties": {"type": "integer", "minimum": 0, "maximum": %d}}}}]}""".formatted(MAX_COUNT, MAX_COUNT));
        return new FieldType<>(
                "one of none, auto, minority, not minority, not majority, all, a ratio above 0 to 1,"
                        + " {\"atLeast\": n}, {\"counts\": {\"class\": n}}",
                schema,
                found -> {
                    Strategy strategy = read(found);
                    if (strategy == null) {
                        throw new NotAllowedException("is not a strategy");
                    }
                    return strategy;
                },
                SpecTypes::parseStrategy);
    }

    private static Strategy read(JsonNode strategy) {
        return switch (strategy.getNodeType()) {
            case STRING ->
                switch (strategy.textValue()) {
                    case "none" -> new Strategy.None();
                    case "auto", "not majority" -> new Strategy.Auto();
                    case "minority" -> new Strategy.Minority();
                    case "not minority" -> new Strategy.NotMinority();
                    case "all" -> new Strategy.All();
                    default -> null;
                };
            case NUMBER -> {
                double share = strategy.doubleValue();
                yield share > 0 && share <= 1 ? new Strategy.Ratio(share) : null;
            }
            case OBJECT -> strategy.size() == 1 ? sizes(strategy) : null;
            default -> null;
        };
    }

    private static Strategy sizes(JsonNode strategy) {
        JsonNode atLeast = strategy.get("atLeast");
        if (atLeast != null) {
            return isCount(atLeast) ? new Strategy.AtLeast(atLeast.longValue()) : null;
        }
        JsonNode counts = strategy.get("counts");
        if (counts == null || !counts.isObject() || counts.isEmpty()) {
            return null;
        }
        Map<String, Long> byClass = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : counts.properties()) {
            if (!isCount(entry.getValue())) {
                return null;
            }
            byClass.put(entry.getKey(), entry.getValue().longValue());
        }
        return new Strategy.Counts(byClass);
    }

    private static boolean isCount(JsonNode json) {
        return json.isIntegralNumber()
                && json.canConvertToLong()
                && json.longValue() >= 0
                && json.longValue() <= MAX_COUNT;
    }

    /// On the command line `{"atLeast": 200}` is `atLeast:200`.
    private static JsonNode parseStrategy(String text) {
        return text.matches("(?i)atLeast:[0-9]{1,18}")
                ? EventCodec.json()
                        .createObjectNode()
                        .put("atLeast", Long.parseLong(text.substring(text.indexOf(':') + 1)))
                : FieldType.parse(text);
    }

    private static ObjectNode json(String text) {
        try {
            return (ObjectNode) EventCodec.json().readTree(text);
        } catch (JsonProcessingException impossible) {
            throw new IllegalArgumentException(text, impossible);
        }
    }
}
