package io.peregrine.cluster.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.smallrye.openapi.OpenApiFilter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.parameters.Parameter;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;

/// Adds to the OpenAPI document what every operation has: parameters told once, an example of its answer (from
/// `openapi-examples/<operationId>.json`), and the problems that it may answer.
@OpenApiFilter(OpenApiFilter.RunStage.BUILD)
public class DocumentFilter implements OASFilter {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Override
    public void filterOpenAPI(OpenAPI document) {
        parameter(document, "limit", Parameter.In.QUERY, Schema.SchemaType.INTEGER, "Items of a page, 1 to 1000");
        parameter(
                document,
                "cursor",
                Parameter.In.QUERY,
                Schema.SchemaType.STRING,
                "'nextCursor' of the page before; left out for the first page");
        parameter(document, "run", Parameter.In.PATH, Schema.SchemaType.STRING, "The run's id: 32 hexadecimal digits");
        parameter(document, "index", Parameter.In.PATH, Schema.SchemaType.INTEGER, "The cluster's number, from 0");
        parameter(document, "imageId", Parameter.In.PATH, Schema.SchemaType.STRING, "32 hexadecimal digits");
        document.getPaths()
                .getPathItems()
                .forEach(
                        (path, item) -> item.getOperations().forEach((method, operation) -> complete(path, operation)));
    }

    private static void parameter(
            OpenAPI document, String name, Parameter.In in, Schema.SchemaType type, String description) {
        Schema schema = OASFactory.createSchema().type(List.of(type));
        if (name.equals("limit")) {
            schema.minimum(java.math.BigDecimal.ONE).maximum(java.math.BigDecimal.valueOf(1_000));
        }
        document.getComponents()
                .addParameter(
                        name,
                        OASFactory.createParameter()
                                .name(name)
                                .in(in)
                                .required(in == Parameter.In.PATH)
                                .description(description)
                                .schema(schema));
    }

    private static void complete(String path, Operation operation) {
        JsonNode example = example(operation.getOperationId());
        if (example != null) {
            String status = operation.getResponses().hasAPIResponse("202") ? "202" : "200";
            operation
                    .getResponses()
                    .getAPIResponse(status)
                    .getContent()
                    .getMediaType("application/json")
                    .setExample(example);
        }
        problem(operation, "default", "What else may go wrong: /api/v1/problems lists it");
        if (path.contains("{")) {
            problem(operation, "404", "No such thing");
        }
        if (operation.getParameters() != null
                && operation.getParameters().stream()
                        .anyMatch(p -> String.valueOf(p.getRef()).endsWith("cursor"))) {
            problem(operation, "400", "A bad limit, cursor or filter");
        }
    }

    private static void problem(Operation operation, String status, String description) {
        APIResponse response = OASFactory.createAPIResponse()
                .description(description)
                .content(OASFactory.createContent()
                        .addMediaType(
                                Problem.MEDIA_TYPE,
                                OASFactory.createMediaType()
                                        .schema(OASFactory.createSchema().ref("Problem"))));
        operation.getResponses().addAPIResponse(status, response);
    }

    private static JsonNode example(String operationId) {
        try (InputStream in = Thread.currentThread()
                .getContextClassLoader()
                .getResourceAsStream("openapi-examples/" + operationId + ".json")) {
            return in == null ? null : JSON.readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
