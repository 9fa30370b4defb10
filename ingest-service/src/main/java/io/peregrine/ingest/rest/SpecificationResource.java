package io.peregrine.ingest.rest;

import io.peregrine.events.spec.SpecSchema;
import io.peregrine.rest.HttpCaching;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// The fields of a specification, for programs that draw a form or check a specification before publishing it.
@Path("/api/v1/specification")
@Tag(name = "datasets")
public class SpecificationResource {
    private static final String MEDIA_TYPE = "application/schema+json";
    private static final byte[] SCHEMA = SpecSchema.document().toPrettyString().getBytes(StandardCharsets.UTF_8);

    @GET
    @Produces(MEDIA_TYPE)
    @Operation(
            operationId = "getSpecification",
            summary = "Get the fields of a specification: types, ranges, defaults and meanings",
            description = "A JSON Schema 2020-12. The keyword x-defaultWhere lists the defaults that depend on another"
                    + " field: objects with 'field', 'equals' and 'default', of which the first that applies is used."
                    + " The keyword x-absent states what applies to an omitted field without a default.")
    @APIResponse(
            responseCode = "200",
            description = "OK",
            content = @Content(mediaType = MEDIA_TYPE, schema = @Schema(type = SchemaType.OBJECT)))
    public Response specification(@Context HttpHeaders headers) {
        return HttpCaching.REVALIDATE.answer(HttpCaching.tag(SCHEMA), headers, () -> Response.ok(SCHEMA, MEDIA_TYPE));
    }
}
