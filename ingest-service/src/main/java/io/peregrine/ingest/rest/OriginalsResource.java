package io.peregrine.ingest.rest;

import io.peregrine.artifacts.RunSpecs;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.FailureException;
import io.peregrine.events.RunRef;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.ingest.ListingCache;
import io.peregrine.ingest.dataset.AllowedRoots;
import io.peregrine.ingest.dataset.Listing;
import io.peregrine.ingest.dataset.Original;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.postgres.IngestTables;
import io.peregrine.rest.FileAnswer;
import io.peregrine.rest.problem.Problem;
import io.peregrine.work.jobs.Database;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// The files from which a run's images were decoded, including rejected ones. Only this service can read them.
@Path("/api/v1/runs/{run}/images/{imageId}/original")
@Tag(name = "originals")
public class OriginalsResource {
    private final Database database;
    private final ListingCache listings;
    private final ArtifactStore store;
    private final AllowedRoots roots;

    OriginalsResource(Database database, ListingCache listings, ArtifactStore store, AllowedRoots roots) {
        this.database = database;
        this.listings = listings;
        this.store = store;
        this.roots = roots;
    }

    @GET
    @Blocking
    @Operation(
            operationId = "getOriginal",
            summary = "Get the original file of an image",
            description = "The Content-Type is derived from the content, not from the file name. A request with one"
                    + " range gets a part.")
    @APIResponse(
            responseCode = "200",
            description = "OK",
            content = {
                @Content(mediaType = "image/*", schema = @Schema(type = SchemaType.STRING, format = "binary")),
                @Content(
                        mediaType = "application/octet-stream",
                        schema = @Schema(type = SchemaType.STRING, format = "binary"))
            })
    @APIResponse(responseCode = "206", ref = "part")
    @APIResponse(responseCode = "304", ref = "known")
    @APIResponse(responseCode = "416", ref = "noPart")
    @Parameter(ref = "range")
    @APIResponse(
            responseCode = "410",
            description = "The file is missing or has changed since it was listed",
            content = @Content(mediaType = Problem.MEDIA_TYPE, schema = @Schema(implementation = Problem.class)))
    public Response original(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(ref = "imageId") @PathParam("imageId") String imageId,
            @Context HttpHeaders headers,
            @Context Request request)
            throws IOException {
        RunRef ref = database.jdbi()
                .withHandle(sql -> IngestTables.listed(sql, run))
                .orElseThrow(() -> Problem.of(
                        DatasetProblem.RUN_UNKNOWN, "Run '%s' is unknown or not listed yet.".formatted(run)));
        Listing listing = listings.of(ref);
        Listing.Row row = IntStream.range(0, listing.rows().size())
                .filter(at -> listing.imageId(at).equals(imageId))
                .mapToObj(listing.rows()::get)
                .findFirst()
                .orElseThrow(() ->
                        Problem.of(DatasetProblem.IMAGE_UNKNOWN, "The run has no image '%s'.".formatted(imageId)));
        RunSpec spec = RunSpecs.open(store, ref);
        return FileAnswer.of(row.sha256(), headers, request, () -> opened(row, spec, roots.of(run)))
                // The browser must display a user's file, never execute it.
                .header("X-Content-Type-Options", "nosniff")
                .header("Content-Security-Policy", "default-src 'none'; sandbox")
                .build();
    }

    private FileAnswer.Opened opened(Listing.Row row, RunSpec spec, AllowedRoots allowed) {
        Original original = open(row, spec, allowed);
        String name = row.path().substring(row.path().lastIndexOf('/') + 1);
        String disposition = original.mediaType().startsWith("image/") ? "inline" : "attachment";
        return new FileAnswer.Opened(
                original.file(),
                original.bytes(),
                original.mediaType(),
                "%s; filename*=UTF-8''%s".formatted(disposition, encoded(name)));
    }

    private Original open(Listing.Row row, RunSpec spec, AllowedRoots allowed) {
        try {
            return Original.open(allowed.resolve(spec.uri()).resolve(row.file()), allowed, row.sha256());
        } catch (ImageRejectedException gone) {
            throw Problem.of(
                    DatasetProblem.ORIGINAL_GONE,
                    "'%s' is missing or has changed since it was listed (%s: %s)."
                            .formatted(row.file(), gone.reason(), gone.getMessage()));
        } catch (FailureException folder) {
            throw Problem.of(
                    DatasetProblem.ORIGINAL_GONE,
                    "The dataset's folder cannot be opened (%s: %s).".formatted(folder.code(), folder.getMessage()));
        }
    }

    private static String encoded(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
