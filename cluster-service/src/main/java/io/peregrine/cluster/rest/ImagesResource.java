package io.peregrine.cluster.rest;

import io.peregrine.cluster.postgres.ImageQueries;
import io.peregrine.cluster.postgres.ImageQueries.Cluster;
import io.peregrine.cluster.postgres.ImageQueries.Image;
import io.peregrine.cluster.postgres.ImageQueries.ProjectedPoint;
import io.peregrine.rest.Cursor;
import io.peregrine.rest.PageOf;
import io.peregrine.rest.PageRequest;
import io.peregrine.rest.problem.Problem;
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
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// A run's clusters and images. Clusters do not change after they are computed, so their responses carry an ETag.
@Path("/api/v1/runs/{run}")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "clusters and images")
public class ImagesResource {
    private static final List<String> SPLITS = List.of("train", "test", "validation");

    private final RunsResource runs;
    private final ImageQueries images;
    private final Paging paging;

    ImagesResource(RunsResource runs, ImageQueries images, Paging paging) {
        this.runs = runs;
        this.images = images;
        this.paging = paging;
    }

    static final class ClusterPage extends PageOf<Cluster> {}

    static final class ImagePage extends PageOf<Image> {}

    static final class ProjectionPage extends PageOf<ProjectedPoint> {}

    @GET
    @Path("/clusters")
    @Operation(
            operationId = "listClusters",
            summary = "List clusters with names, sizes and purity",
            description = "The default limit is 1,000.")
    @APIResponseSchema(ClusterPage.class)
    @APIResponse(responseCode = "304", ref = "known")
    public Response clusters(
            @Parameter(ref = "run") @PathParam("run") String run,
            @BeanParam PageRequest page,
            @Context HttpHeaders headers,
            @Context UriInfo uri) {
        String digest = computed(run);
        Cursor after = page.after();
        int limit = paging.longLimit(page);
        return Paging.settled(digest, headers, () -> images.clusters(run, after, limit), uri);
    }

    @GET
    @Path("/clusters/{index}")
    @Operation(operationId = "getCluster", summary = "Get one cluster")
    @APIResponseSchema(Cluster.class)
    @APIResponse(responseCode = "304", ref = "known")
    public Response cluster(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(ref = "index") @PathParam("index") String index,
            @Context HttpHeaders headers,
            @Context UriInfo uri) {
        String digest = computed(run);
        Cluster cluster = require(run, index);
        return Paging.settled(digest, headers, () -> cluster, uri);
    }

    @GET
    @Path("/clusters/{index}/members")
    @Operation(operationId = "listMembers", summary = "List a cluster's images, nearest to its centre first")
    @APIResponseSchema(ImagePage.class)
    @APIResponse(responseCode = "304", ref = "known")
    public Response members(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(ref = "index") @PathParam("index") String index,
            @BeanParam PageRequest page,
            @Context HttpHeaders headers,
            @Context UriInfo uri) {
        String digest = computed(run);
        Cluster cluster = require(run, index);
        Cursor after = page.after();
        int limit = paging.limit(page);
        return Paging.settled(digest, headers, () -> images.members(run, cluster.index(), after, limit), uri);
    }

    @GET
    @Path("/projection")
    @Operation(
            operationId = "getProjection",
            summary = "List the projected position of every image",
            description = "Coordinates along the first three principal components of the latents. Without a"
                    + " limit, all images are returned.")
    @APIResponseSchema(ProjectionPage.class)
    @APIResponse(responseCode = "304", ref = "known")
    public Response projection(
            @Parameter(ref = "run") @PathParam("run") String run,
            @BeanParam PageRequest page,
            @Context HttpHeaders headers,
            @Context UriInfo uri) {
        String digest = computed(run);
        Cursor after = page.after();
        int limit = paging.unlimited(page);
        return Paging.settled(digest, headers, () -> images.projection(run, after, limit), uri);
    }

    @GET
    @Path("/images")
    @Operation(operationId = "listImages", summary = "List all files in row order, including refused ones")
    @APIResponseSchema(ImagePage.class)
    public Response images(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(description = "Only this class") @QueryParam("label") String label,
            @Parameter(schema = @Schema(enumeration = {"train", "test", "validation"})) @QueryParam("split")
                    String split,
            @BeanParam PageRequest page,
            @Context UriInfo uri) {
        runs.require(run);
        if (split != null && !SPLITS.contains(split)) {
            throw Problem.of(
                    RunProblem.BAD_FILTER,
                    "split is '%s'; allowed values are %s.".formatted(split, String.join(", ", SPLITS)));
        }
        return images.images(run, label, split, false, page.after(), paging.limit(page))
                .answer(uri)
                .build();
    }

    @GET
    @Path("/refused")
    @Operation(operationId = "listRefused", summary = "List refused files with the reason")
    @APIResponseSchema(ImagePage.class)
    public Response refused(
            @Parameter(ref = "run") @PathParam("run") String run, @BeanParam PageRequest page, @Context UriInfo uri) {
        runs.require(run);
        return images.images(run, null, null, true, page.after(), paging.limit(page))
                .answer(uri)
                .build();
    }

    @GET
    @Path("/images/{imageId}")
    @Operation(operationId = "getImage", summary = "Get one image: class, split, cluster, coordinates")
    public Image image(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(ref = "imageId") @PathParam("imageId") String imageId) {
        runs.require(run);
        return images.image(run, imageId).orElseThrow(() -> unknown(imageId));
    }

    private String computed(String run) {
        runs.require(run);
        return images.clustersDigest(run)
                .orElseThrow(
                        () -> Problem.of(RunProblem.CLUSTERS_NOT_COMPUTED, "Run %s has no clusters.".formatted(run)));
    }

    private Cluster require(String run, String index) {
        try {
            return images.cluster(run, Integer.parseInt(index)).orElseThrow(NumberFormatException::new);
        } catch (NumberFormatException unknown) {
            throw Problem.of(RunProblem.CLUSTER_UNKNOWN, "Run %s has no cluster '%s'.".formatted(run, index));
        }
    }

    static Problem.ProblemException unknown(String imageId) {
        return Problem.of(RunProblem.IMAGE_UNKNOWN, "The run has no image '%s'.".formatted(imageId));
    }
}
