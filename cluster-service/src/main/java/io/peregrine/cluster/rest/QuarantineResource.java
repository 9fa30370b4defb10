package io.peregrine.cluster.rest;

import io.peregrine.cluster.postgres.Cursor;
import io.peregrine.cluster.postgres.PictureQueries;
import io.peregrine.cluster.postgres.PictureQueries.QuarantinedRecord;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// Records that no one could understand. This service hears every topic, so its quarantine has them all.
@Path("/api/v1/quarantine")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "quarantine")
public class QuarantineResource {
    private final PictureQueries queries;
    private final Paging paging;

    QuarantineResource(PictureQueries queries, Paging paging) {
        this.queries = queries;
        this.paging = paging;
    }

    static final class QuarantinePage extends PageOf<QuarantinedRecord> {}

    @GET
    @Operation(operationId = "listQuarantine", summary = "Records that could not be understood, newest first")
    @APIResponseSchema(QuarantinePage.class)
    public Response list(
            @Parameter(ref = "limit") @QueryParam("limit") String limit,
            @Parameter(ref = "cursor") @QueryParam("cursor") String cursor,
            @Context UriInfo uri) {
        return Paging.answer(queries.quarantine(Cursor.parse(cursor), paging.limit(limit)), uri);
    }
}
