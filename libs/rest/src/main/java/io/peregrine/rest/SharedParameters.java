package io.peregrine.rest;

import io.peregrine.rest.problem.Problem;
import io.quarkus.smallrye.openapi.OpenApiFilter;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.headers.Header;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.parameters.Parameter;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;

/// Adds to a service's OpenAPI document the parameters and responses that operations of all services share.
@OpenApiFilter(OpenApiFilter.RunStage.BUILD)
public class SharedParameters implements OASFilter {
    @Override
    public void filterOpenAPI(OpenAPI document) {
        if (document.getComponents() == null) {
            document.setComponents(OASFactory.createComponents());
        }
        add(
                document,
                "run",
                Parameter.In.PATH,
                schema(Schema.SchemaType.STRING),
                "The run's id: 32 hexadecimal digits");
        add(document, "imageId", Parameter.In.PATH, schema(Schema.SchemaType.STRING), "32 hexadecimal digits");
        add(
                document,
                "range",
                Parameter.In.HEADER,
                schema(Schema.SchemaType.STRING),
                "One range of bytes, such as `bytes=0-99` or `bytes=-8`");
        document.getComponents().getParameters().get("range").setName("Range");
        document.getComponents().addResponse("part", part());
        document.getComponents()
                .addResponse("noPart", problem("The range is behind the end; Content-Range states the length"));
        document.getComponents()
                .addResponse("known", response("The client has the content already: If-None-Match lists its ETag"));
    }

    private static APIResponse part() {
        return response("The requested range of the file")
                .headers(Map.of("Content-Range", header("Offsets and length, such as bytes 0-99/1234")))
                .content(OASFactory.createContent()
                        .addMediaType(
                                "*/*",
                                OASFactory.createMediaType()
                                        .schema(schema(Schema.SchemaType.STRING).format("binary"))));
    }

    private static APIResponse problem(String description) {
        return response(description)
                .content(OASFactory.createContent()
                        .addMediaType(
                                Problem.MEDIA_TYPE,
                                OASFactory.createMediaType()
                                        .schema(OASFactory.createSchema().ref("Problem"))));
    }

    private static APIResponse response(String description) {
        return OASFactory.createAPIResponse().description(description);
    }

    private static Header header(String description) {
        return OASFactory.createHeader().description(description).schema(schema(Schema.SchemaType.STRING));
    }

    private static Schema schema(Schema.SchemaType type) {
        return OASFactory.createSchema().type(List.of(type));
    }

    private static void add(OpenAPI document, String name, Parameter.In in, Schema schema, String description) {
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
