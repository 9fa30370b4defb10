package io.peregrine.ingest.rest;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.peregrine.ingest.findings.Finding;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.ingest.findings.Findings;
import io.peregrine.ingest.postgres.FindingTables;
import io.peregrine.ingest.postgres.FindingTables.Placed;
import io.peregrine.rest.Cursor;
import io.peregrine.rest.HttpCaching;
import io.peregrine.rest.Page;
import io.peregrine.rest.PageOf;
import io.peregrine.rest.PageRequest;
import io.peregrine.rest.problem.Problem;
import io.peregrine.work.jobs.Database;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jdbi.v3.core.Handle;

/// Warnings about the dataset of a run. They do not change once the dataset is sealed.
@Path("/api/v1/datasets/{run}/findings")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "datasets")
@Blocking
public class FindingsResource {
    /// The findings of a run do not change, and each page has its own URL.
    private static final String TAG = "findings-2";

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
    record Found(@JsonUnwrapped Page<Finding> page, List<Total> totals) {}

    static final class FindingPage extends PageOf<Finding> {
        @Schema(required = true)
        public List<Total> totals;
    }

    @GET
    @Operation(
            operationId = "listFindings",
            summary = "List the findings of the dataset: warnings, by kind",
            description = "Duplicates within and across classes and splits, names that are easily confused,"
                    + " skipped files. Findings are available once the dataset is sealed and never stop a"
                    + " run. At most 1,000 of each kind are kept: the first, for near duplicates the nearest.")
    @APIResponseSchema(FindingPage.class)
    @APIResponse(responseCode = "304", ref = "known")
    public Response findings(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(description = "Only this kind, such as IDENTICAL_ACROSS_CLASSES") @QueryParam("kind")
                    String kind,
            @BeanParam PageRequest page,
            @Context HttpHeaders headers,
            @Context UriInfo uri) {
        FindingKind only = kind(kind);
        int limit = page.limit();
        int after = after(page);
        Found found = database.jdbi().withHandle(sql -> found(sql, run, only, after, limit));
        return HttpCaching.STABLE.answer(TAG, headers, () -> found.page().linked(Response.ok(found), uri));
    }

    private static Found found(Handle sql, String run, FindingKind only, int after, int limit) {
        boolean sealed = FindingTables.isSealed(sql, run)
                .orElseThrow(() -> Problem.of(DatasetProblem.RUN_UNKNOWN, "Run '%s' is unknown.".formatted(run)));
        if (!sealed) {
            throw Problem.of(DatasetProblem.NOT_SEALED, "The dataset of run %s is not sealed yet.".formatted(run));
        }
        List<Placed> rows = FindingTables.page(sql, run, only, after, limit + 1);
        Map<FindingKind, FindingTables.Total> totals = FindingTables.totals(sql, run);
        return new Found(
                Page.of(rows, limit, last -> Cursor.after(last.ordinal())).map(Placed::finding),
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

    /// @return ordinal of the previous page's last finding; -1 for the first page
    private static int after(PageRequest page) {
        Cursor after = page.after();
        return after == null ? -1 : (int) Math.clamp(after.number(0), -1, Integer.MAX_VALUE);
    }
}
