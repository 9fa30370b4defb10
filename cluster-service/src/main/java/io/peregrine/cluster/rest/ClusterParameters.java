package io.peregrine.cluster.rest;

import io.quarkus.smallrye.openapi.OpenApiFilter;
import java.util.List;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.media.Content;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.parameters.Parameter;

/// Adds parameters and responses that many operations of this service share to the OpenAPI document.
@OpenApiFilter(OpenApiFilter.RunStage.BUILD)
public class ClusterParameters implements OASFilter {
    @Override
    public void filterOpenAPI(OpenAPI document) {
        if (document.getComponents() == null) {
            document.setComponents(OASFactory.createComponents());
        }
        parameter(document, "index", Schema.SchemaType.INTEGER, "The cluster's number, from 0");
        parameter(document, "format", Schema.SchemaType.STRING, "svg or png");
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

    private static void parameter(OpenAPI document, String name, Schema.SchemaType type, String description) {
        Schema schema = OASFactory.createSchema().type(List.of(type));
        if (name.equals("format")) {
            schema.enumeration(List.of("svg", "png"));
        }
        document.getComponents()
                .addParameter(
                        name,
                        OASFactory.createParameter()
                                .name(name)
                                .in(Parameter.In.PATH)
                                .required(true)
                                .description(description)
                                .schema(schema));
    }
}
