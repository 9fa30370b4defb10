package io.peregrine.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.peregrine.work.jobs.Audit;
import io.peregrine.work.jobs.Database;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.time.Instant;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// The audit log. cluster-service records who published, cancelled and deleted runs. Every service records who
/// pruned its artifacts, and who replayed and purged its quarantined records.
@Path("/api/v1/audit")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "audit")
public class AuditResource {
    private final Database database;

    AuditResource(Database database) {
        this.database = database;
    }

    /// One action.
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record AuditEntry(
            long id,
            Instant at,

            @Schema(description = "published, cancelled, deleted, pruned, replayed or purged")
            String action,

            @Schema(description = "Run that the action applied to; omitted if it applied to no run")
            String run,

            @Schema(
                    description = "Actor: REST with the principal or, without one, the client address; the command with"
                            + " its user; a Kafka client; or run-retention. Names received over Kafka are not"
                            + " authenticated")
            String by,

            String detail) {
        static AuditEntry of(Audit.Entry entry) {
            return new AuditEntry(entry.id(), entry.at(), entry.action(), entry.run(), entry.by(), entry.detail());
        }
    }

    static final class AuditPage extends PageOf<AuditEntry> {}

    @GET
    @Operation(
            operationId = "listAudit",
            summary = "List who published, cancelled, deleted, pruned, replayed and purged, newest first",
            description = "Entries are kept after their runs are deleted; peregrine.work.audit-retention sets"
                    + " for how long.")
    @APIResponseSchema(AuditPage.class)
    public Response list(
            @Parameter(description = "Only actions on this run") @QueryParam("run") String run,
            @BeanParam PageRequest page,
            @Context UriInfo uri) {
        int limit = page.limit();
        Cursor after = page.after();
        long before = after == null ? Long.MAX_VALUE : after.number(0);
        List<Audit.Entry> rows = database.jdbi().withHandle(sql -> Audit.list(sql, run, before, limit + 1));
        return Page.of(rows, limit, last -> Cursor.after(last.id()))
                .map(AuditEntry::of)
                .answer(uri)
                .build();
    }
}
