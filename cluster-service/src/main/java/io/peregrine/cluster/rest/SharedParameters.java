package io.peregrine.cluster.rest;

import io.quarkus.smallrye.openapi.OpenApiFilter;
import java.util.List;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.media.Content;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.parameters.Parameter;

/// Adds parameters and responses that many operations share to the OpenAPI document.
@OpenApiFilter(OpenApiFilter.RunStage.BUILD)
public class SharedParameters implements OASFilter {
    @Override
    public void filterOpenAPI(OpenAPI document) {
        parameter(document, "limit", Parameter.In.QUERY, Schema.SchemaType.INTEGER, "Items per page, 1 to 1000");
        parameter(
                document,
                "cursor",
                Parameter.In.QUERY,
                Schema.SchemaType.STRING,
                "'nextCursor' of the previous page; omitted for the first page");
        parameter(document, "run", Parameter.In.PATH, Schema.SchemaType.STRING, "The run's id: 32 hexadecimal digits");
        parameter(document, "index", Parameter.In.PATH, Schema.SchemaType.INTEGER, "The cluster's number, from 0");
        parameter(document, "format", Parameter.In.PATH, Schema.SchemaType.STRING, "svg or png");
        parameter(document, "imageId", Parameter.In.PATH, Schema.SchemaType.STRING, "32 hexadecimal digits");
        response(document, "chart", "image/svg+xml", "image/png");
        response(document, "image", "image/png");
    }

    private static void response(OpenAPI document, String name, String... mediaTypes) {
        Content content = OASFactory.createContent();
        for (String mediaType : mediaTypes) {
            Schema schema = OASFactory.createSchema().type(List.of(Schema.SchemaType.STRING));
            if (!mediaType.endsWith("xml")) {
                schema.format("binary");
            }
            content.addMediaType(mediaType, OASFactory.createMediaType().schema(schema));
        }
        document.getComponents()
                .addResponse(
                        name, OASFactory.createAPIResponse().description("OK").content(content));
    }

    private static void parameter(
            OpenAPI document, String name, Parameter.In in, Schema.SchemaType type, String description) {
        Schema schema = OASFactory.createSchema().type(List.of(type));
        if (name.equals("limit")) {
            schema.minimum(java.math.BigDecimal.ONE).maximum(java.math.BigDecimal.valueOf(1_000));
        }
        if (name.equals("format")) {
            schema.enumeration(List.of("svg", "png"));
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
}
