package io.peregrine.balance.rest;

import io.peregrine.artifacts.BalancedRows;
import io.peregrine.artifacts.ContactSheet;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.balance.BalanceQueries;
import io.peregrine.balance.BalanceQueries.Balance;
import io.peregrine.balance.neighbours.NearestOtherClass;
import io.peregrine.events.ArtifactRef;
import io.peregrine.rest.Cursor;
import io.peregrine.rest.Drawings;
import io.peregrine.rest.HttpCaching;
import io.peregrine.rest.Page;
import io.peregrine.rest.PageOf;
import io.peregrine.rest.PageRequest;
import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
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
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// Provenance and images of the synthetic rows.
@Path("/api/v1/runs/{run}/samples")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "samples")
@Blocking
public class SamplesResource {
    private static final int MAX_ON_SHEET = 64;
    private static final int MAX_NEAREST = 50;
    /// Columns of a sheet.
    private static final int COLUMNS = 6;

    private final BalanceQueries balances;
    private final ArtifactStore store;
    private final Drawings drawings;

    SamplesResource(BalanceQueries balances, ArtifactStore store, Drawings drawings) {
        this.balances = balances;
        this.store = store;
        this.drawings = drawings;
    }

    /// A real image.
    public record Parent(long row, String label, String path, String sha256) {
        static Parent of(Manifest manifest, int row) {
            return new Parent(
                    row, manifest.classes().get(manifest.label(row)), manifest.path(row), manifest.sha256(row));
        }
    }

    /// A synthetic row of the balanced set: `base + gap · (neighbour − base)`.
    ///
    /// @param ordinal its position in `fit_resample`'s output
    public record Sample(long ordinal, String label, Parent base, Parent neighbour, double gap) {}

    static final class SamplePage extends PageOf<Sample> {}

    /// A real image of another class.
    ///
    /// @param distance Euclidean, over all values 0 to 255
    public record OtherClassImage(Parent image, double distance) {}

    /// The nearest real images of other classes.
    ///
    /// @param toBase distance from the synthetic image to its base
    /// @param toNeighbour distance to its neighbour
    /// @param closerToOtherClass whether an image of another class is nearer than base and neighbour
    public record NearestImages(
            double toBase, double toNeighbour, boolean closerToOtherClass, List<OtherClassImage> items) {}

    private record BalancedRun(Balance balance, BalancedRows rows) {
        Sample sample(int ordinal) {
            Manifest manifest = balance.manifest();
            return new Sample(
                    ordinal,
                    manifest.classes().get(rows.label(ordinal)),
                    Parent.of(manifest, rows.base(ordinal)),
                    Parent.of(manifest, rows.neighbour(ordinal)),
                    rows.gap(ordinal));
        }

        /// Answers a request whose response depends only on the run's artifacts and the request.
        Response cached(HttpHeaders headers, Supplier<?> found) {
            return HttpCaching.STABLE.answer(tag(), headers, () -> Response.ok(found.get()));
        }

        /// @return an entity tag that changes only if the rows change
        String tag() {
            List<ArtifactRef> artifacts = new ArrayList<>(balance.row().shards());
            artifacts.add(balance.row().manifest().tensors());
            artifacts.add(balance.row().manifest().json());
            return HttpCaching.tag(artifacts);
        }

        /// @param label of one class, or null for all
        int[] synthetic(String label) {
            int wanted = label == null ? -1 : balance.manifest().classes().indexOf(label);
            if (label != null && wanted < 0) {
                throw Problem.of(BalanceProblem.CLASS_UNKNOWN, "The run has no class '%s'.".formatted(label));
            }
            return IntStream.range((int) balance.realRows(), rows.rows())
                    .filter(ordinal -> label == null || rows.label(ordinal) == wanted)
                    .toArray();
        }
    }

    private BalancedRun require(String run) throws IOException {
        Balance balance = balances.find(run)
                .orElseThrow(() -> Problem.of(BalanceProblem.RUN_UNKNOWN, "Run '%s' is not planned.".formatted(run)));
        if (!balance.isBalanced()) {
            throw Problem.of(BalanceProblem.NOT_BALANCED, "Run %s has no shards yet.".formatted(run));
        }
        return new BalancedRun(balance, balances.rows(balance));
    }

    private static int ordinal(BalancedRun balanced, String text) {
        int ordinal = number(text, -1);
        if (ordinal < 0 || ordinal >= balanced.rows().rows()) {
            throw Problem.of(
                    BalanceProblem.SAMPLE_UNKNOWN,
                    "Row '%s' does not exist; the balanced set has rows 0 to %d."
                            .formatted(text, balanced.rows().rows() - 1));
        }
        return ordinal;
    }

    private static int number(String text, int defaultValue) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException notANumber) {
            return defaultValue;
        }
    }

    @GET
    @Operation(operationId = "listSamples", summary = "List synthetic rows with base, neighbour and gap, by ordinal")
    @APIResponseSchema(SamplePage.class)
    @APIResponse(responseCode = "304", ref = "known")
    public Response samples(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(description = "Only this class") @QueryParam("label") String label,
            @BeanParam PageRequest page,
            @Context HttpHeaders headers,
            @Context UriInfo uri)
            throws IOException {
        BalancedRun balanced = require(run);
        Cursor after = page.after();
        long last = after == null ? -1 : after.number(0);
        int limit = page.limit();
        List<Integer> ordinals = IntStream.of(balanced.synthetic(label))
                .filter(ordinal -> ordinal > last)
                .limit(limit + 1)
                .boxed()
                .toList();
        return HttpCaching.STABLE.answer(
                balanced.tag(),
                headers,
                () -> Page.of(ordinals, limit, Cursor::after)
                        .map(balanced::sample)
                        .answer(uri));
    }

    @GET
    @Path("/{ordinal}")
    @Operation(operationId = "getSample", summary = "Get one row of the balanced set, with its base and neighbour")
    @APIResponseSchema(Sample.class)
    @APIResponse(responseCode = "304", ref = "known")
    public Response sample(
            @Parameter(ref = "run") @PathParam("run") String run,
            @PathParam("ordinal") String ordinal,
            @Context HttpHeaders headers)
            throws IOException {
        BalancedRun balanced = require(run);
        int at = ordinal(balanced, ordinal);
        return balanced.cached(headers, () -> balanced.sample(at));
    }

    @GET
    @Path("/{ordinal}/image")
    @Produces({"image/png", MediaType.APPLICATION_JSON})
    @Operation(operationId = "getSampleImage", summary = "Draw base, the row itself and neighbour side by side, as PNG")
    @APIResponse(
            responseCode = "200",
            description = "OK",
            content = @Content(mediaType = "image/png", schema = @Schema(type = SchemaType.STRING, format = "binary")))
    @APIResponse(responseCode = "304", ref = "known")
    public Response image(
            @Parameter(ref = "run") @PathParam("run") String run,
            @PathParam("ordinal") String ordinal,
            @Context HttpHeaders headers)
            throws IOException {
        BalancedRun balanced = require(run);
        return png(balanced, List.of(ordinal(balanced, ordinal)), 1, headers);
    }

    @GET
    @Path("/sheet")
    @Produces({"image/png", MediaType.APPLICATION_JSON})
    @Operation(
            operationId = "getSampleSheet",
            summary = "Draw a contact sheet as PNG: each column shows base, synthetic image and neighbour,"
                    + " from top to bottom",
            description = "Shows as many samples as the limit, evenly spaced over the synthetic rows. If the"
                    + " sheet needs more memory than the service allows for one drawing, the response is"
                    + " 422 and states the largest possible limit. Without a limit, the sheet has at most"
                    + " as many samples as fit.")
    @APIResponse(
            responseCode = "200",
            description = "OK",
            content = @Content(mediaType = "image/png", schema = @Schema(type = SchemaType.STRING, format = "binary")))
    @APIResponse(responseCode = "304", ref = "known")
    public Response sheet(
            @Parameter(ref = "run") @PathParam("run") String run,
            @Parameter(description = "Only this class") @QueryParam("label") String label,
            @Parameter(description = "Synthetic images on the sheet, 1 to 64; default: 12") @QueryParam("limit")
                    String limit,
            @Context HttpHeaders headers)
            throws IOException {
        BalancedRun balanced = require(run);
        int most = PageRequest.limit(limit, 12, MAX_ON_SHEET);
        int[] synthetic = balanced.synthetic(label);
        if (synthetic.length == 0) {
            throw Problem.of(
                    BalanceProblem.SAMPLE_UNKNOWN,
                    "There are no synthetic rows for %s.".formatted(label == null ? run : label));
        }
        int shown = Math.min(most, synthetic.length);
        int fit = fitting(balanced.balance().manifest().side());
        if (shown > fit && limit != null && fit > 0) {
            throw Problem.of(
                    GeneralProblem.DRAWING_TOO_LARGE,
                    "A sheet of %d images of side %d needs more memory than allowed; the limit may be at most %d."
                            .formatted(shown, balanced.balance().manifest().side(), fit));
        }
        shown = fit > 0 ? Math.min(shown, fit) : shown;
        return png(balanced, spread(synthetic, shown), COLUMNS, headers);
    }

    private static List<Integer> spread(int[] synthetic, int shown) {
        return IntStream.range(0, shown)
                .mapToObj(i -> synthetic[(int) ((long) i * synthetic.length / shown)])
                .toList();
    }

    /// @return the largest number of synthetic images of this side for which a sheet fits in memory
    private int fitting(int side) {
        int fit = MAX_ON_SHEET;
        while (fit > 0 && ContactSheet.bytes(side, rows(fit, COLUMNS), columns(fit, COLUMNS)) > drawings.memory()) {
            fit--;
        }
        return fit;
    }

    /// A single sample is drawn in one row with its parents, several in columns with base above and neighbour
    /// below.
    private static int rows(int count, int across) {
        return across == 1 ? 1 : 3 * Math.ceilDiv(count, columns(count, across));
    }

    private static int columns(int count, int across) {
        return across == 1 ? 3 : Math.min(across, count);
    }

    private Response png(BalancedRun balanced, List<Integer> ordinals, int across, HttpHeaders headers) {
        int side = balanced.balance().manifest().side();
        long bytes = ContactSheet.bytes(side, rows(ordinals.size(), across), columns(ordinals.size(), across))
                + 3L * side * side * Float.BYTES;
        String key = "sheet/%s/%d/%s".formatted(balanced.tag(), across, ordinals);
        return HttpCaching.STABLE.answer(
                drawings.draw(
                        key, bytes, () -> sheet(balanced, ordinals, across).png()),
                "image/png",
                headers);
    }

    private ContactSheet sheet(BalancedRun balanced, List<Integer> ordinals, int across) {
        Balance balance = balanced.balance();
        boolean sideBySide = across == 1;
        int columns = columns(ordinals.size(), across);
        ContactSheet sheet = new ContactSheet(balance.manifest().side(), rows(ordinals.size(), across), columns);
        try (PixelRows pixels = new PixelRows(store, balance.manifest())) {
            float[] synthetic = new float[pixels.values()];
            for (int i = 0; i < ordinals.size(); i++) {
                int ordinal = ordinals.get(i);
                int row = sideBySide ? 0 : i / columns * 3;
                int column = sideBySide ? 0 : i % columns;
                int down = sideBySide ? 0 : 1;
                balanced.rows().image(pixels, ordinal, synthetic);
                sheet.put(row, column, pixels.image(balanced.rows().base(ordinal)));
                sheet.put(row + down, column + 1 - down, synthetic);
                sheet.put(
                        row + 2 * down,
                        column + 2 * (1 - down),
                        pixels.image(balanced.rows().neighbour(ordinal)));
            }
        }
        return sheet;
    }

    @GET
    @Path("/{ordinal}/nearest-other-class")
    @Operation(
            operationId = "listNearestOtherClass",
            summary = "List the nearest real images of other classes, to see whether a sample is closer to"
                    + " one of them than to its parents",
            description = "Reads every training image of every other class once.")
    @APIResponseSchema(NearestImages.class)
    @APIResponse(responseCode = "304", ref = "known")
    public Response nearestOtherClass(
            @Parameter(ref = "run") @PathParam("run") String run,
            @PathParam("ordinal") String ordinal,
            @Parameter(description = "Number of images, 1 to 50") @QueryParam("limit") String limit,
            @Context HttpHeaders headers)
            throws IOException {
        BalancedRun balanced = require(run);
        int at = ordinal(balanced, ordinal);
        int most = PageRequest.limit(limit, 3, MAX_NEAREST);
        int values = 3
                * balanced.balance().manifest().side()
                * balanced.balance().manifest().side();
        return balanced.cached(
                headers,
                () -> drawings.within((long) values * Float.BYTES, () -> nearestOtherClass(balanced, at, most)));
    }

    private NearestImages nearestOtherClass(BalancedRun balanced, int at, int most) {
        Manifest manifest = balanced.balance().manifest();
        try (PixelRows pixels = new PixelRows(store, manifest)) {
            float[] synthetic = new float[pixels.values()];
            balanced.rows().image(pixels, at, synthetic);
            List<NearestOtherClass.Image> nearest =
                    NearestOtherClass.of(synthetic, balanced.rows().label(at), manifest, pixels, most);
            double toBase = NearestOtherClass.distance(
                    synthetic, pixels.image(balanced.rows().base(at)));
            double toNeighbour = NearestOtherClass.distance(
                    synthetic, pixels.image(balanced.rows().neighbour(at)));
            boolean closer = !nearest.isEmpty() && nearest.getFirst().distance() < Math.min(toBase, toNeighbour);
            return new NearestImages(
                    toBase,
                    toNeighbour,
                    closer,
                    nearest.stream()
                            .map(one -> new OtherClassImage(Parent.of(manifest, one.row()), one.distance()))
                            .toList());
        }
    }
}
