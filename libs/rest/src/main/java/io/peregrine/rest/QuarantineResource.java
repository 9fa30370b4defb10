package io.peregrine.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
import io.peregrine.work.messaging.QuarantinedRecords;
import io.peregrine.work.messaging.QuarantinedRecords.Content;
import io.peregrine.work.messaging.QuarantinedRecords.Entry;
import io.peregrine.work.messaging.QuarantinedRecords.Filter;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// Records that this service could not handle. Each service has its own quarantine for the topics that it
/// consumes.
@Path("/api/v1/quarantine")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "quarantine")
public class QuarantineResource {
    private static final int SHOWN_BYTES = 64 * 1024;
    private static final String KINDS = "NOT_AN_EVENT, UNKNOWN_TYPE, BAD_DATA, EVENT_ID_CONFLICT or HANDLER_FAILED";
    private static final String BEFORE = "Only records quarantined before this time: ISO 8601 with an offset";

    private final QuarantinedRecords records;
    private final Caller caller;

    QuarantineResource(QuarantinedRecords records, Caller caller) {
        this.records = records;
        this.caller = caller;
    }

    /// A record without its content.
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record QuarantinedRecord(
            long id,
            String topic,
            int partition,
            long offset,
            @Schema(description = KINDS) String kind,

            @Schema(description = "Why the record, or its last replay, was refused")
            String message,

            @Schema(description = "SHA-256 of the value") String digest,

            @Schema(description = "Size of value and headers")
            long bytes,

            Instant keptAt,

            @Schema(description = "Number of refused replays")
            int tries,

            @Schema(description = "Time of the last refused replay; omitted if there was none")
            Instant triedAt) {
        static QuarantinedRecord of(Entry entry) {
            return new QuarantinedRecord(
                    entry.id(),
                    entry.topic(),
                    entry.partition(),
                    entry.offset(),
                    entry.kind(),
                    entry.message(),
                    entry.digest(),
                    entry.bytes(),
                    entry.keptAt(),
                    entry.tries(),
                    entry.triedAt());
        }
    }

    static final class QuarantinePage extends PageOf<QuarantinedRecord> {}

    /// A record with its content.
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record QuarantinedContent(
            @JsonUnwrapped QuarantinedRecord entry,

            @Schema(description = "Key of the record; omitted if it has none")
            String key,

            @Schema(description = "Headers as text; control characters are replaced")
            Map<String, String> headers,

            @Schema(description = "Value as text, at most its first 64 KiB; omitted if it is not UTF-8")
            String text,

            @Schema(description = "Value in Base64, at most its first 64 KiB; omitted if the record has no value")
            String base64,

            @Schema(description = "Whether the shown value is truncated; GET …/value returns all of it")
            boolean truncated) {
        static QuarantinedContent of(Content content) {
            byte[] value = content.value();
            byte[] shown = value == null ? null : Arrays.copyOf(value, Math.min(value.length, SHOWN_BYTES));
            return new QuarantinedContent(
                    QuarantinedRecord.of(content.entry()),
                    content.key(),
                    content.headers(),
                    utf8(shown),
                    shown == null ? null : Base64.getEncoder().encodeToString(shown),
                    value != null && value.length > SHOWN_BYTES);
        }

        private static String utf8(byte[] bytes) {
            try {
                return bytes == null
                        ? null
                        : StandardCharsets.UTF_8
                                .newDecoder()
                                .decode(ByteBuffer.wrap(bytes))
                                .toString();
            } catch (CharacterCodingException binary) {
                return null;
            }
        }
    }

    /// Number of removed records.
    public record Purged(int records) {}

    @GET
    @Operation(
            operationId = "listQuarantine",
            summary = "List records that this service could not process, newest first, without their content")
    @APIResponseSchema(QuarantinePage.class)
    public Response list(
            @Parameter(description = KINDS) @QueryParam("kind") String kind,
            @QueryParam("topic") String topic,
            @Parameter(description = BEFORE) @QueryParam("before") String before,
            @BeanParam PageRequest page,
            @Context UriInfo uri) {
        int limit = page.limit();
        Cursor after = page.after();
        long last = after == null ? Long.MAX_VALUE : after.number(0);
        List<Entry> rows = records.list(filter(kind, topic, before), last, limit + 1);
        return Page.of(rows, limit, entry -> Cursor.after(entry.id()))
                .map(QuarantinedRecord::of)
                .answer(uri)
                .build();
    }

    @GET
    @Path("/{id}")
    @Operation(
            operationId = "getQuarantined",
            summary = "Get one record, with its headers and the first 64 KiB of its value")
    public QuarantinedContent find(@Parameter(description = "Id of the record") @PathParam("id") long id) {
        return QuarantinedContent.of(require(id));
    }

    @GET
    @Path("/{id}/value")
    @Produces(MediaType.APPLICATION_OCTET_STREAM)
    @Operation(operationId = "getQuarantinedValue", summary = "Get the complete value of a record")
    @APIResponse(
            responseCode = "200",
            description = "OK; empty if the record has no value",
            content =
                    @org.eclipse.microprofile.openapi.annotations.media.Content(
                            mediaType = MediaType.APPLICATION_OCTET_STREAM,
                            schema = @Schema(type = SchemaType.STRING, format = "binary")))
    public Response value(@Parameter(description = "Id of the record") @PathParam("id") long id) {
        byte[] value = require(id).value();
        return Response.ok(value == null ? new byte[0] : value)
                .header("Content-Disposition", "attachment; filename=\"quarantined-%d\"".formatted(id))
                .header("X-Content-Type-Options", "nosniff")
                .build();
    }

    @POST
    @Path("/{id}/replay")
    @Operation(
            operationId = "replayQuarantined",
            summary = "Process a record again",
            description = "Use it after a bug was fixed, or after an upgrade that supports a newer event type."
                    + " An accepted record is removed from quarantine; an event that was received before"
                    + " has no further effect. A refused record stays in quarantine with the new reason.")
    @APIResponse(responseCode = "204", description = "Accepted; the record was removed from quarantine")
    @APIResponse(
            responseCode = "409",
            description = "The record was refused again",
            content =
                    @org.eclipse.microprofile.openapi.annotations.media.Content(
                            mediaType = Problem.MEDIA_TYPE,
                            schema = @Schema(implementation = Problem.class)))
    public void replay(@Parameter(description = "Id of the record") @PathParam("id") long id) {
        require(id);
        records.replay(id, caller.name()).ifPresent(still -> {
            throw Problem.of(
                    GeneralProblem.REPLAY_REFUSED,
                    "Record %d was rejected again (%s): %s.".formatted(id, still.kind(), still.message()));
        });
    }

    @DELETE
    @Path("/{id}")
    @Operation(operationId = "purgeQuarantined", summary = "Permanently remove a record")
    @APIResponse(responseCode = "204", description = "Removed")
    public void purge(@Parameter(description = "Id of the record") @PathParam("id") long id) {
        if (!records.purge(id, caller.name())) {
            throw unknown(id);
        }
    }

    @DELETE
    @Operation(
            operationId = "purgeQuarantine",
            summary = "Permanently remove all matching records",
            description = "At least one filter or all=true is required.")
    @APIResponseSchema(Purged.class)
    public Purged purge(
            @Parameter(description = KINDS) @QueryParam("kind") String kind,
            @QueryParam("topic") String topic,
            @Parameter(description = BEFORE) @QueryParam("before") String before,
            @Parameter(description = "true removes every record") @QueryParam("all") String all) {
        Filter filter = filter(kind, topic, before);
        if (filter.equals(new Filter(null, null, null)) && !"true".equals(all)) {
            throw Problem.of(
                    GeneralProblem.BAD_VALUE, "The filter is missing. Set kind, topic or before, or all=true.");
        }
        return new Purged(records.purge(filter, caller.name()));
    }

    private Content require(long id) {
        Optional<Content> found = records.find(id);
        return found.orElseThrow(() -> unknown(id));
    }

    private static Problem.ProblemException unknown(long id) {
        return Problem.of(GeneralProblem.QUARANTINED_UNKNOWN, "Record %d is not in quarantine.".formatted(id));
    }

    private static Filter filter(String kind, String topic, String before) {
        try {
            return new Filter(
                    kind,
                    topic,
                    before == null ? null : OffsetDateTime.parse(before).toInstant());
        } catch (DateTimeException e) {
            throw Problem.of(
                    GeneralProblem.BAD_VALUE,
                    "before is '%s'; it must be a time such as 2026-12-01T00:00:00Z.".formatted(before));
        }
    }
}
