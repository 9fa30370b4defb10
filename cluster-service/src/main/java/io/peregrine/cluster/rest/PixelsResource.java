package io.peregrine.cluster.rest;

import io.peregrine.artifacts.ContactSheet;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.cluster.ClusterConfig;
import io.peregrine.cluster.postgres.ImageQueries;
import io.peregrine.cluster.postgres.ImageQueries.Image;
import io.peregrine.cluster.postgres.ImageQueries.Pixels;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.rest.Drawings;
import io.peregrine.rest.HttpCaching;
import io.peregrine.rest.problem.Problem;
import io.peregrine.vision.nn.Reconstruction;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.function.Function;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.headers.Header;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// An image as the networks see it, as the autoencoder reconstructs it, and its original file.
@Path("/api/v1/runs/{run}/images/{imageId}")
@Produces({"image/png", MediaType.APPLICATION_JSON})
@Tag(name = "clusters and images")
public class PixelsResource {
    private final RunsResource runs;
    private final ImageQueries images;
    private final ArtifactStore store;
    private final ClusterConfig config;
    private final Drawings drawings;

    /// Only one autoencoder is in memory at a time: at side 416 each takes nearly half a gigabyte.
    private final Object oneAtATime = new Object();

    PixelsResource(
            RunsResource runs, ImageQueries images, ArtifactStore store, ClusterConfig config, Drawings drawings) {
        this.runs = runs;
        this.images = images;
        this.store = store;
        this.config = config;
        this.drawings = drawings;
    }

    @GET
    @Path("/pixels")
    @Operation(operationId = "getPixels", summary = "Get the image as the networks receive it, as PNG")
    @APIResponse(responseCode = "200", ref = "image")
    @APIResponse(responseCode = "304", ref = "known")
    public Response pixels(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(ref = "imageId") @PathParam("imageId") String imageId,
            @Context HttpHeaders headers) {
        Pixels pixels = require(run, imageId);
        return HttpCaching.IMMUTABLE.answer(
                tag(pixels),
                headers,
                () -> png(
                        pixels,
                        imageId,
                        tag(pixels),
                        1,
                        pack -> new ContactSheet(pack.side(), 1, 1).put(0, 0, pack.image(pixels.index()))));
    }

    @GET
    @Path("/reconstruction")
    @Operation(
            operationId = "getReconstruction",
            summary = "Draw the image (left) and its reconstruction by the run's autoencoder (right), as PNG",
            description = "Uses the final weights, from which the clusters are computed as well.")
    @APIResponse(responseCode = "200", ref = "image")
    @APIResponse(responseCode = "304", ref = "known")
    public Response reconstruction(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(ref = "imageId") @PathParam("imageId") String imageId,
            @Context HttpHeaders headers) {
        Pixels pixels = require(run, imageId);
        ArtifactRef weights = images.autoencoder(run)
                .orElseThrow(() ->
                        Problem.of(RunProblem.NO_AUTOENCODER, "Run %s has no trained autoencoder.".formatted(run)));
        String tag = tag(pixels) + "-" + weights.sha256();
        return HttpCaching.IMMUTABLE.answer(
                tag, headers, () -> png(pixels, imageId, tag, 2, pack -> beside(pack, pixels.index(), weights)));
    }

    private ContactSheet beside(PixelPack pack, int index, ArtifactRef weights) {
        synchronized (oneAtATime) {
            try (Safetensors file = Safetensors.open(store, weights)) {
                float[] made = Reconstruction.of(file, pack.image(index), pack.side());
                return new ContactSheet(pack.side(), 1, 2)
                        .put(0, 0, pack.image(index))
                        .put(0, 1, made);
            }
        }
    }

    @GET
    @Path("/original")
    @Produces(MediaType.WILDCARD)
    @Operation(
            operationId = "getOriginal",
            summary = "Redirect to the file that the image was decoded from",
            description = "Only ingest-service can read the datasets' folders, so this redirects to it.")
    @APIResponse(
            responseCode = "307",
            description = "Location is the URL of the file",
            headers = @Header(name = "Location", schema = @Schema(type = SchemaType.STRING, format = "uri")))
    public Response original(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(ref = "imageId") @PathParam("imageId") String imageId) {
        Image image = image(run, imageId);
        String ingest = config.ingestUrl().toString().replaceAll("/+$", "");
        return Response.temporaryRedirect(
                        URI.create("%s/api/v1/runs/%s/images/%s/original".formatted(ingest, run, image.imageId())))
                .build();
    }

    private static String tag(Pixels pixels) {
        return pixels.pack().sha256() + "-" + pixels.index();
    }

    /// @param columns columns of the sheet; the images besides the original are computed as floats
    private Response.ResponseBuilder png(
            Pixels pixels, String imageId, String tag, int columns, Function<PixelPack, ContactSheet> drawn) {
        PixelPack pack;
        try {
            pack = PixelPack.open(store, pixels.pack());
        } catch (FailureException gone) {
            throw Problem.of(RunProblem.PIXELS_GONE, "The pack of image %s cannot be read.".formatted(imageId));
        }
        try (pack) {
            long bytes = ContactSheet.bytes(pack.side(), 1, columns) + 6L * pack.side() * pack.side() * Float.BYTES;
            return Response.ok(drawings.draw(
                                    "pixels/" + tag,
                                    bytes,
                                    () -> drawn.apply(pack).png())
                            .bytes())
                    .type("image/png");
        }
    }

    private Pixels require(String run, String imageId) {
        Image image = image(run, imageId);
        return images.pixels(run, imageId)
                .orElseThrow(() -> Problem.of(
                        RunProblem.IMAGE_HAS_NO_PIXELS,
                        "Image %s was refused as %s.".formatted(imageId, image.reason())));
    }

    private Image image(String run, String imageId) {
        runs.require(run);
        return images.image(run, imageId).orElseThrow(() -> ImagesResource.unknown(imageId));
    }
}
