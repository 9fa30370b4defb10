package io.peregrine.ingest.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.peregrine.ingest.pack.Finding;
import io.peregrine.ingest.pack.FindingKind;
import io.peregrine.ingest.pack.Findings;
import io.peregrine.ingest.postgres.FindingTables;
import io.peregrine.ingest.postgres.FindingTables.Placed;
import io.peregrine.rest.GeneralProblem;
import io.peregrine.rest.Pages;
import io.peregrine.rest.Problem;
import io.peregrine.work.Database;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jdbi.v3.core.Handle;

/// Warnings about the dataset of a run. They do not change once the dataset is sealed.
@Path("/api/v1/datasets/{run}/findings")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "datasets")
@Blocking
public class FindingsResource {
    private static final int DEFAULT_PAGE_SIZE = 100;
    private static final int MAX_PAGE_SIZE = 1_000;

    private final Database database;

    FindingsResource(Database database) {
        this.database = database;
    }

    /// The number of findings of a kind.
    ///
    /// @param kept number of findings that are stored and can be read
    /// @param concerned number of images, files or names that the kept findings concern
    public record Total(
            FindingKind kind,
            long total,
            long kept,
            long concerned,

            @Schema(examples = "a file whose name is not UTF-8; it was skipped")
            String meaning) {
        static Total of(FindingKind kind, FindingTables.Total found) {
            return new Total(
                    kind, found.total(), Math.min(found.total(), Findings.KEPT), found.concerned(), kind.meaning());
        }
    }

    /// A page of findings.
    ///
    /// @param totals of the whole run, for any page and kind
    @JsonInclude(JsonInclude.Include.ALWAYS)
    public record FindingPage(
            List<Finding> items,

            @Schema(description = "Value of ?cursor= for the next page; null on the last page", nullable = true)
            String nextCursor,

            List<Total> totals) {}

    @GET
    @Operation(
            operationId = "listFindings",
            summary = "List the findings of the dataset: warnings, by kind",
            description = "Duplicates within and across classes and splits, names that are easily confused,"
                    + " skipped files. Findings are available once the dataset is sealed and never stop a"
                    + " run. At most 1,000 of each kind are kept: the first, for near duplicates the nearest.")
    @APIResponseSchema(FindingPage.class)
    public Response findings(
            @Parameter(description = "The run's id: 32 hexadecimal digits") @PathParam("run") String run,
            @Parameter(description = "Only this kind, such as IDENTICAL_ACROSS_CLASSES") @QueryParam("kind")
                    String kind,
            @Parameter(description = "Items per page, 1 to 1000") @QueryParam("limit") String limit,
            @Parameter(description = "'nextCursor' of the previous page; omitted for the first page")
                    @QueryParam("cursor")
                    String cursor,
            @Context Request request,
            @Context UriInfo uri) {
        FindingKind only = kind(kind);
        int most = Pages.limit(limit, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE);
        int after = after(cursor);
        FindingPage page = database.jdbi().withHandle(sql -> page(sql, run, only, after, most));
        EntityTag tag = new EntityTag("findings-1");
        Response.ResponseBuilder known = request.evaluatePreconditions(tag);
        return known != null
                ? known.tag(tag).build()
                : Pages.linked(Response.ok(page).tag(tag), page.nextCursor(), uri)
                        .build();
    }

    private static FindingPage page(Handle sql, String run, FindingKind only, int after, int most) {
        boolean sealed = FindingTables.isSealed(sql, run)
                .orElseThrow(() -> Problem.of(DatasetProblem.RUN_UNKNOWN, "Run '%s' is unknown.".formatted(run)));
        if (!sealed) {
            throw Problem.of(DatasetProblem.NOT_SEALED, "The dataset of run %s is not sealed yet.".formatted(run));
        }
        List<Placed> found = FindingTables.page(sql, run, only, after, most + 1);
        boolean more = found.size() > most;
        List<Placed> shown = more ? found.subList(0, most) : found;
        Map<FindingKind, FindingTables.Total> totals = FindingTables.totals(sql, run);
        return new FindingPage(
                shown.stream().map(Placed::finding).toList(),
                more ? Integer.toString(shown.getLast().ordinal()) : null,
                totals.entrySet().stream()
                        .map(total -> Total.of(total.getKey(), total.getValue()))
                        .toList());
    }

    private static FindingKind kind(String name) {
        if (name == null || name.isEmpty()) {
            return null;
        }
        return Arrays.stream(FindingKind.values())
                .filter(kind -> kind.name().equals(name))
                .findFirst()
                .orElseThrow(() -> Problem.of(
                        DatasetProblem.BAD_KIND,
                        "kind is '%s'; allowed kinds: %s.".formatted(name, Arrays.toString(FindingKind.values()))));
    }

    private static int after(String cursor) {
        if (cursor == null || cursor.isEmpty()) {
            return -1;
        }
        try {
            int after = Integer.parseInt(cursor);
            if (after >= 0) {
                return after;
            }
        } catch (NumberFormatException none) {
            // Rejected below.
        }
        throw Problem.of(GeneralProblem.BAD_CURSOR, "cursor is '%s'.".formatted(cursor));
    }
}
