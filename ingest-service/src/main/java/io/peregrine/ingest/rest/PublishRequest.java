package io.peregrine.ingest.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.UnreadableEventException;
import io.peregrine.rest.problem.Problem;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.util.UUID;

/// A request that publishes a dataset: plain JSON, or a CloudEvent by the HTTP protocol binding in binary mode
/// (headers `ce-id`, `ce-source` …) or structured mode (`application/cloudevents+json`).
///
/// @param dataset data of the dataset-ready event
/// @param key distinguishes requests: two requests with the same key start the same run
record PublishRequest(ObjectNode dataset, String key) {
    static final String STRUCTURED = "application/cloudevents+json";

    private static final int MAX_KEY_CHARACTERS = 255;

    /// @throws Problem.ProblemException 400 if body or headers are invalid
    static PublishRequest of(byte[] body, HttpHeaders headers) {
        String idempotencyKey = headers.getHeaderString("Idempotency-Key");
        MediaType type = headers.getMediaType();
        if (type != null && type.isCompatible(MediaType.valueOf(STRUCTURED))) {
            return structured(body, idempotencyKey);
        }
        String id = headers.getHeaderString("ce-id");
        if (id == null) {
            return new PublishRequest(object(parsed(body)), checked(idempotencyKey));
        }
        requireDatasetReady(headers.getHeaderString("ce-specversion"), headers.getHeaderString("ce-type"));
        return new PublishRequest(
                object(parsed(body)), eventKey(headers.getHeaderString("ce-source"), id, idempotencyKey));
    }

    private static PublishRequest structured(byte[] body, String idempotencyKey) {
        try {
            EventCodec.Envelope event = EventCodec.structured(body);
            requireDatasetReady("1.0", event.type());
            return new PublishRequest(object(event.data()), eventKey(event.source(), event.id(), idempotencyKey));
        } catch (UnreadableEventException invalid) {
            throw Problem.of(
                    DatasetProblem.BAD_EVENT, "The CloudEvent is invalid: %s.".formatted(invalid.getMessage()));
        }
    }

    private static void requireDatasetReady(String version, String type) {
        if (version != null && !version.equals("1.0")) {
            throw Problem.of(DatasetProblem.BAD_EVENT, "ce-specversion is '%s'; it must be 1.0.".formatted(version));
        }
        String allowed = EventCodec.typeOf(DatasetReady.class);
        if (type != null && !type.equals(allowed)) {
            throw Problem.of(DatasetProblem.BAD_EVENT, "The type is '%s'; it must be %s.".formatted(type, allowed));
        }
    }

    /// The id of a CloudEvent is unique only together with its source.
    private static String eventKey(String source, String id, String idempotencyKey) {
        if (idempotencyKey != null) {
            throw Problem.of(DatasetProblem.BAD_EVENT, "The request has a CloudEvent's id and an Idempotency-Key.");
        }
        if (id.isBlank()) {
            throw Problem.of(DatasetProblem.BAD_EVENT, "The CloudEvent's id is empty.");
        }
        if (source == null || source.isBlank()) {
            throw Problem.of(DatasetProblem.BAD_EVENT, "The CloudEvent has no source (ce-source).");
        }
        return "ce\0" + source + '\0' + id;
    }

    private static String checked(String key) {
        if (key == null) {
            return UUID.randomUUID().toString();
        }
        if (key.isEmpty() || key.length() > MAX_KEY_CHARACTERS || !key.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
            throw Problem.of(DatasetProblem.BAD_KEY, "It has %d characters.".formatted(key.length()));
        }
        return key;
    }

    private static JsonNode parsed(byte[] body) {
        try {
            return EventCodec.tree(body);
        } catch (UnreadableEventException invalid) {
            throw Problem.of(DatasetProblem.BAD_JSON, "The body cannot be read (%s).".formatted(invalid.getMessage()));
        }
    }

    private static ObjectNode object(JsonNode json) {
        if (json instanceof ObjectNode object) {
            return object;
        }
        throw Problem.of(DatasetProblem.BAD_JSON, "The body is %s.".formatted(json.getNodeType()));
    }
}
