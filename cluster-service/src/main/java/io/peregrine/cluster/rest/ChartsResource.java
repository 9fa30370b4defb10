package io.peregrine.cluster.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.charts.Chart;
import io.peregrine.charts.ChartFormat;
import io.peregrine.cluster.chart.ClusterPlot;
import io.peregrine.cluster.postgres.ClassQueries;
import io.peregrine.cluster.postgres.ImageQueries;
import io.peregrine.cluster.postgres.ImageQueries.Cluster;
import io.peregrine.cluster.postgres.RunDetails;
import io.peregrine.cluster.postgres.RunQueries;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.rest.Drawings;
import io.peregrine.rest.HttpCaching;
import io.peregrine.rest.problem.Problem;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// A run's data as charts. The suffix of the path selects the format, so that a page can show a chart and `curl
/// -O` saves it under its name.
@Path("/api/v1/runs/{run}/charts")
@Produces({"image/svg+xml", "image/png", "application/json"})
@Tag(name = "charts")
public class ChartsResource {
    private static final List<String> GROUPINGS = List.of("cluster", "class");

    /// Memory per point read from the database: its record, its strings and its boxed numbers.
    private static final int POINT_BYTES = 400;

    private final RunQueries runs;
    private final ImageQueries images;
    private final ClassQueries classes;
    private final ArtifactStore store;
    private final Drawings drawings;

    ChartsResource(RunQueries runs, ImageQueries images, ClassQueries classes, ArtifactStore store, Drawings drawings) {
        this.runs = runs;
        this.images = images;
        this.classes = classes;
        this.store = store;
        this.drawings = drawings;
    }

    @GET
    @Path("/history.{format}")
    @Operation(
            operationId = "getHistoryChart",
            summary = "Plot loss, accuracy and balanced accuracy by epoch",
            description = "GET /api/v1/runs/{run} returns the data in classifier.history and autoencoder.history.")
    @APIResponse(responseCode = "200", ref = "chart")
    @APIResponse(responseCode = "304", ref = "known")
    public Response history(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(ref = "format") @PathParam("format") String format,
            @Context HttpHeaders headers) {
        ChartFormat asked = format(format);
        RunDetails details = require(run);
        Chart chart = RunCharts.history(details)
                .orElseThrow(() ->
                        Problem.of(RunProblem.NO_HISTORY, "Run %s has not finished an epoch yet.".formatted(run)));
        int epochs = Stream.of(details.classifier(), details.autoencoder())
                .filter(Objects::nonNull)
                .mapToInt(training -> training.history().size())
                .sum();
        return answer("history", chart, epochs * 10L, asked, details, headers);
    }

    @GET
    @Path("/confusion.{format}")
    @Operation(
            operationId = "getConfusionChart",
            summary = "Plot the classifier's confusion matrix on the test images: counts, shares, recall and precision",
            description = "For at most 256 classes. GET /api/v1/runs/{run} returns the data in classifier.test.")
    @APIResponse(responseCode = "200", ref = "chart")
    @APIResponse(responseCode = "304", ref = "known")
    public Response confusion(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(ref = "format") @PathParam("format") String format,
            @Context HttpHeaders headers) {
        ChartFormat asked = format(format);
        RunDetails details = require(run);
        if (details.classCount() != null && details.classCount() > RunDetails.MOST_CLASSES) {
            throw Problem.of(
                    RunProblem.TOO_MANY_CLASSES,
                    "Run %s has %,d classes; a confusion matrix is drawn for at most %d."
                            .formatted(run, details.classCount(), RunDetails.MOST_CLASSES));
        }
        Chart chart =
                RunCharts.confusion(details).orElseThrow(() -> ClassesResource.noTestResult(run, details.testImages()));
        long classes = details.classifier().test().classes().size();
        return answer("confusion", chart, 2 * classes * classes, asked, details, headers);
    }

    @GET
    @Path("/clusters.{format}")
    @Operation(
            operationId = "getClusterChart",
            summary =
                    "Plot every image in the plane of two principal components, with the named centres of the clusters",
            description = "GET /api/v1/runs/{run}/projection and /clusters return the data.")
    @APIResponse(responseCode = "200", ref = "chart")
    @APIResponse(responseCode = "304", ref = "known")
    public Response clusters(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(ref = "format") @PathParam("format") String format,
            @Parameter(
                            description = "What a mark's colour and shape show; default: cluster",
                            schema = @Schema(enumeration = {"cluster", "class"}))
                    @QueryParam("by")
                    String by,
            @Context HttpHeaders headers) {
        ChartFormat asked = format(format);
        String grouping = by == null ? GROUPINGS.getFirst() : by;
        if (!GROUPINGS.contains(grouping)) {
            throw Problem.of(
                    RunProblem.BAD_FILTER,
                    "by is '%s'; allowed values are %s.".formatted(by, String.join(", ", GROUPINGS)));
        }
        RunDetails details = require(run);
        if (details.clustering() == null) {
            throw Problem.of(RunProblem.CLUSTERS_NOT_COMPUTED, "Run %s has no clusters.".formatted(run));
        }
        // The points are read from the database only if the chart is not cached.
        long points = details.summary().images() == null ? 0 : details.summary().images();
        long bytes = points * POINT_BYTES + asked.bytes(ClusterPlot.WIDEST, ClusterPlot.HEIGHT, points);
        return answer(
                "clusters/%s/%s"
                        .formatted(grouping, details.clustering().clusters().sha256()),
                bytes,
                () -> RunCharts.clusters(
                        details,
                        classes.names(run),
                        images.clusters(run).stream().map(Cluster::name).toList(),
                        images.projection(run, null, 0).items(),
                        grouping.equals("class"),
                        variance(details.clustering().clusters())),
                asked,
                details,
                headers);
    }

    /// @return share of each component; empty if the artifact is missing
    private double[] variance(ArtifactRef clusters) {
        try (Safetensors file = Safetensors.open(store, clusters)) {
            return file.tensor("pca_explained_variance_ratio").doubles();
        } catch (FailureException gone) {
            return new double[0];
        }
    }

    private Response answer(
            String name, Chart chart, long marks, ChartFormat format, RunDetails run, HttpHeaders headers) {
        String key = name + "/" + trained(run);
        return answer(key, format.bytes(chart.width(), chart.height(), marks), () -> chart, format, run, headers);
    }

    /// @return a tag that depends only on the measures of both networks
    private static String trained(RunDetails run) {
        try {
            return HttpCaching.tag(
                    EventCodec.json().writeValueAsBytes(Arrays.asList(run.classifier(), run.autoencoder())));
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private Response answer(
            String key, long bytes, Supplier<Chart> chart, ChartFormat format, RunDetails run, HttpHeaders headers) {
        boolean running = run.summary().state().equals("running");
        HttpCaching kind = running ? HttpCaching.REVALIDATE : HttpCaching.STABLE;
        String whole = "%s/%s/%s".formatted(run.summary().run(), format, key);
        return kind.answer(drawings.draw(whole, bytes, () -> format.of(chart.get())), format.mediaType(), headers);
    }

    private static ChartFormat format(String ending) {
        for (ChartFormat format : ChartFormat.values()) {
            if (ending.equals(format.name().toLowerCase(Locale.ROOT))) {
                return format;
            }
        }
        String allowed = Arrays.stream(ChartFormat.values())
                .map(format -> "." + format.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(" and "));
        throw Problem.of(
                RunProblem.CHART_FORMAT_UNKNOWN,
                "A chart's path must end in %s, not in '.%s'.".formatted(allowed, ending));
    }

    private RunDetails require(String run) {
        return runs.details(run)
                .orElseThrow(() -> Problem.of(RunProblem.RUN_UNKNOWN, "Run '%s' does not exist.".formatted(run)));
    }
}
