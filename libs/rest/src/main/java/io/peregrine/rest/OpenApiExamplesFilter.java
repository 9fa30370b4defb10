package io.peregrine.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.peregrine.rest.access.Role;
import io.peregrine.rest.problem.Problem;
import io.quarkus.smallrye.openapi.OpenApiFilter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.PathItem.HttpMethod;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;
import org.eclipse.microprofile.openapi.models.security.SecurityScheme;

/// Adds to a service's OpenAPI document what all operations have in common: an example of the response, from
/// `openapi-examples/<operationId>.json`, and the possible problems.
@OpenApiFilter(OpenApiFilter.RunStage.BUILD)
public class OpenApiExamplesFilter implements OASFilter {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String KEY = "key";

    @Override
    public void filterOpenAPI(OpenAPI document) {
        secured(document);
        document.getPaths()
                .getPathItems()
                .forEach((path, item) ->
                        item.getOperations().forEach((method, operation) -> complete(path, method, operation)));
    }

    private static void secured(OpenAPI document) {
        if (document.getComponents() == null) {
            document.setComponents(OASFactory.createComponents());
        }
        document.getComponents()
                .addSecurityScheme(
                        KEY,
                        OASFactory.createSecurityScheme()
                                .type(SecurityScheme.Type.HTTP)
                                .scheme("bearer")
                                .description("A key of the service, or a token of its identity provider. Each operation"
                                        + " states the required role: read, run or maintain. Each role includes those"
                                        + " before it. A service that listens only on loopback requires no key by"
                                        + " default."));
    }

    private static void complete(String path, HttpMethod method, Operation operation) {
        operation.setSecurity(List.of(
                OASFactory.createSecurityRequirement()
                        .addScheme(KEY, Role.required(method.name(), path).word()),
                OASFactory.createSecurityRequirement()));
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
        problem(operation, "401", "A key or token is missing or invalid");
        problem(
                operation,
                "403",
                "The caller's role is insufficient, or the request comes from a web page of another site");
        problem(operation, "default", "Any other problem; GET /api/v1/problems lists all kinds");
        if (path.contains("{")) {
            problem(operation, "404", "The requested resource does not exist");
        }
        boolean pages = operation.getParameters() != null
                && operation.getParameters().stream().anyMatch(parameter -> "cursor".equals(parameter.getName()));
        if (pages) {
            problem(operation, "400", "Invalid limit, cursor or filter");
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
