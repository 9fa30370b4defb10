package io.peregrine.balance.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.BalancedRows;
import io.peregrine.artifacts.ContactSheet;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.balance.BalanceQueries;
import io.peregrine.balance.BalanceQueries.Balance;
import io.peregrine.balance.smote.NearestOthers;
import io.peregrine.events.ArtifactRef;
import io.peregrine.rest.Drawings;
import io.peregrine.rest.GeneralProblem;
import io.peregrine.rest.HttpCaching;
import io.peregrine.rest.Pages;
import io.peregrine.rest.Problem;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
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

/// Where every made image comes from, and what it looks like.
@Path("/api/v1/runs/{run}/samples")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "samples")
@Blocking
public class SamplesResource {
    private static final int MOST = 1_000;
    private static final int MOST_ON_A_SHEET = 64;
    private static final int MOST_OTHERS = 50;
    /// Columns of a sheet.
    private static final int ACROSS = 6;

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

    /// A row of the balanced set that was made: `base + gap · (neighbour − base)`.
    ///
    /// @param ordinal its place in `fit_resample`'s output
    public record Sample(long ordinal, String label, Parent base, Parent neighbour, double gap) {}

    /// A page of made rows.
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record SamplePage(List<Sample> items, String nextCursor) {}

    /// A real image of another class.
    ///
    /// @param distance Euclidean, over all values 0 to 255
    public record Other(Parent image, double distance) {}

    /// The nearest real images of other classes.
    ///
    /// @param toBase distance from the made image to its base
    /// @param toNeighbour distance to its neighbour
    /// @param looksLikeAnother whether an image of another class is nearer than both
    public record Others(double toBase, double toNeighbour, boolean looksLikeAnother, List<Other> items) {}

    private record Asked(Balance balance, BalancedRows rows) {
        Sample sample(int ordinal) {
            Manifest manifest = balance.manifest();
            return new Sample(
                    ordinal,
                    manifest.classes().get(rows.label(ordinal)),
                    Parent.of(manifest, rows.base(ordinal)),
                    Parent.of(manifest, rows.neighbour(ordinal)),
                    rows.gap(ordinal));
        }

        /// Answers what was made of this run's artifacts alone, and of what was asked.
        Response settled(Request request, Supplier<?> found) {
            return HttpCaching.STABLE.answer(tag(), request, () -> Response.ok(found.get()));
        }

        /// @return the same for the same rows alone
        String tag() {
            List<ArtifactRef> artifacts = new ArrayList<>(balance.row().shards());
            artifacts.add(balance.row().manifest().tensors());
            artifacts.add(balance.row().manifest().json());
            return HttpCaching.tag(artifacts);
        }

        /// @param label of one class, or null
        int[] made(String label) {
            int wanted = label == null ? -1 : balance.manifest().classes().indexOf(label);
            if (label != null && wanted < 0) {
                throw Problem.of(BalanceProblem.CLASS_UNKNOWN, "The run has no class '%s'.".formatted(label));
            }
            return IntStream.range((int) balance.realRows(), rows.rows())
                    .filter(ordinal -> label == null || rows.label(ordinal) == wanted)
                    .toArray();
        }
    }

    private Asked ask(String run) throws IOException {
        Balance balance = balances.find(run)
                .orElseThrow(() -> Problem.of(BalanceProblem.RUN_UNKNOWN, "Run '%s' is not planned.".formatted(run)));
        if (!balance.isBalanced()) {
            throw Problem.of(BalanceProblem.NOT_BALANCED, "Run %s has no shards.".formatted(run));
        }
        return new Asked(balance, balances.rows(balance));
    }

    private static int ordinal(Asked asked, String text) {
        int ordinal = number(text, -1);
        if (ordinal < 0 || ordinal >= asked.rows().rows()) {
            throw Problem.of(
                    BalanceProblem.SAMPLE_UNKNOWN,
                    "The balanced set has rows 0 to %d, not '%s'."
                            .formatted(asked.rows().rows() - 1, text));
        }
        return ordinal;
    }

    private static int number(String text, int otherwise) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException noNumber) {
            return otherwise;
        }
    }

    @GET
    @Operation(operationId = "listSamples", summary = "Made rows with base, neighbour and gap, by ordinal")
    @APIResponseSchema(SamplePage.class)
    public Response samples(
            @PathParam("run") String run,
            @Parameter(description = "Only this class") @QueryParam("label") String label,
            @Parameter(description = "Items of a page, 1 to 1000") @QueryParam("limit") String limit,
            @Parameter(description = "'nextCursor' of the page before") @QueryParam("cursor") String cursor,
            @Context Request request)
            throws IOException {
        Asked asked = ask(run);
        int from = cursor == null || cursor.isEmpty() ? 0 : number(cursor, -1);
        if (from < 0) {
            throw Problem.of(GeneralProblem.BAD_CURSOR, "cursor is '%s'.".formatted(cursor));
        }
        int most = Pages.limit(limit, 100, MOST);
        int[] made = asked.made(label);
        List<Sample> items = IntStream.of(made)
                .filter(ordinal -> ordinal >= from)
                .limit(most)
                .mapToObj(asked::sample)
                .toList();
        boolean more =
                items.size() == most && made[made.length - 1] > items.getLast().ordinal();
        SamplePage page =
                new SamplePage(items, more ? Long.toString(items.getLast().ordinal() + 1) : null);
        return asked.settled(request, () -> page);
    }

    @GET
    @Path("/{ordinal}")
    @Operation(operationId = "getSample", summary = "One row of the balanced set, and where it comes from")
    @APIResponseSchema(Sample.class)
    public Response sample(@PathParam("run") String run, @PathParam("ordinal") String ordinal, @Context Request request)
            throws IOException {
        Asked asked = ask(run);
        int at = ordinal(asked, ordinal);
        return asked.settled(request, () -> asked.sample(at));
    }

    @GET
    @Path("/{ordinal}/image")
    @Produces({"image/png", MediaType.APPLICATION_JSON})
    @Operation(operationId = "getSampleImage", summary = "Base, the row itself and neighbour side by side, as PNG")
    @APIResponse(
            responseCode = "200",
            description = "OK",
            content = @Content(mediaType = "image/png", schema = @Schema(type = SchemaType.STRING, format = "binary")))
    public Response image(@PathParam("run") String run, @PathParam("ordinal") String ordinal, @Context Request request)
            throws IOException {
        Asked asked = ask(run);
        return png(asked, List.of(ordinal(asked, ordinal)), 1, request);
    }

    @GET
    @Path("/sheet")
    @Produces({"image/png", MediaType.APPLICATION_JSON})
    @Operation(
            operationId = "getSampleSheet",
            summary = "A contact sheet as PNG: in each column base, made image and neighbour, below one another",
            description =
                    "As many as the limit, evenly spaced over the made rows. A sheet that needs more memory than the"
                            + " service has for one drawing is a 422 that states the largest limit; without a limit it is as"
                            + " many as fit.")
    @APIResponse(
            responseCode = "200",
            description = "OK",
            content = @Content(mediaType = "image/png", schema = @Schema(type = SchemaType.STRING, format = "binary")))
    public Response sheet(
            @PathParam("run") String run,
            @Parameter(description = "Only this class") @QueryParam("label") String label,
            @Parameter(description = "Made images on the sheet, 1 to 64; left out: 12") @QueryParam("limit")
                    String limit,
            @Context Request request)
            throws IOException {
        Asked asked = ask(run);
        int most = Pages.limit(limit, 12, MOST_ON_A_SHEET);
        int[] made = asked.made(label);
        if (made.length == 0) {
            throw Problem.of(
                    BalanceProblem.SAMPLE_UNKNOWN, "Nothing was made for %s.".formatted(label == null ? run : label));
        }
        int shown = Math.min(most, made.length);
        int fit = fitting(asked.balance().manifest().side());
        if (shown > fit && limit != null && fit > 0) {
            throw Problem.of(
                    GeneralProblem.DRAWING_TOO_LARGE,
                    "A sheet of %d images of side %d is more than this service has memory for; limit is at most %d."
                            .formatted(shown, asked.balance().manifest().side(), fit));
        }
        shown = fit > 0 ? Math.min(shown, fit) : shown;
        return png(asked, spread(made, shown), ACROSS, request);
    }

    private static List<Integer> spread(int[] made, int shown) {
        return IntStream.range(0, shown)
                .mapToObj(i -> made[(int) ((long) i * made.length / shown)])
                .toList();
    }

    /// @return how many made images of this side a sheet has memory for
    private int fitting(int side) {
        int fit = MOST_ON_A_SHEET;
        while (fit > 0 && ContactSheet.bytes(side, rows(fit, ACROSS), columns(fit, ACROSS)) > drawings.memory()) {
            fit--;
        }
        return fit;
    }

    /// One alone lies side by side with its parents, several below theirs.
    private static int rows(int count, int across) {
        return across == 1 ? 1 : 3 * Math.ceilDiv(count, columns(count, across));
    }

    private static int columns(int count, int across) {
        return across == 1 ? 3 : Math.min(across, count);
    }

    private Response png(Asked asked, List<Integer> ordinals, int across, Request request) {
        int side = asked.balance().manifest().side();
        long bytes = ContactSheet.bytes(side, rows(ordinals.size(), across), columns(ordinals.size(), across))
                + 3L * side * side * Float.BYTES;
        String key = "sheet/%s/%d/%s".formatted(asked.tag(), across, ordinals);
        return HttpCaching.STABLE.answer(
                drawings.draw(key, bytes, () -> sheet(asked, ordinals, across).png()), "image/png", request);
    }

    private ContactSheet sheet(Asked asked, List<Integer> ordinals, int across) {
        Balance balance = asked.balance();
        boolean sideBySide = across == 1;
        int columns = columns(ordinals.size(), across);
        ContactSheet sheet = new ContactSheet(balance.manifest().side(), rows(ordinals.size(), across), columns);
        try (PixelRows pixels = new PixelRows(store, balance.manifest())) {
            float[] made = new float[pixels.values()];
            for (int i = 0; i < ordinals.size(); i++) {
                int ordinal = ordinals.get(i);
                int row = sideBySide ? 0 : i / columns * 3;
                int column = sideBySide ? 0 : i % columns;
                int down = sideBySide ? 0 : 1;
                asked.rows().image(pixels, ordinal, made);
                sheet.put(row, column, pixels.image(asked.rows().base(ordinal)));
                sheet.put(row + down, column + 1 - down, made);
                sheet.put(
                        row + 2 * down,
                        column + 2 * (1 - down),
                        pixels.image(asked.rows().neighbour(ordinal)));
            }
        }
        return sheet;
    }

    @GET
    @Path("/{ordinal}/others")
    @Operation(
            operationId = "listOthers",
            summary = "The nearest real images of other classes: is it a blend that looks like something else?",
            description = "Reads every training image of every other class once.")
    @APIResponseSchema(Others.class)
    public Response others(
            @PathParam("run") String run,
            @PathParam("ordinal") String ordinal,
            @Parameter(description = "How many, 1 to 50") @QueryParam("limit") String limit,
            @Context Request request)
            throws IOException {
        Asked asked = ask(run);
        int at = ordinal(asked, ordinal);
        int most = Pages.limit(limit, 3, MOST_OTHERS);
        int values = 3
                * asked.balance().manifest().side()
                * asked.balance().manifest().side();
        return asked.settled(
                request, () -> drawings.within((long) values * Float.BYTES, () -> others(asked, at, most)));
    }

    private Others others(Asked asked, int at, int most) {
        Manifest manifest = asked.balance().manifest();
        try (PixelRows pixels = new PixelRows(store, manifest)) {
            float[] made = new float[pixels.values()];
            asked.rows().image(pixels, at, made);
            List<NearestOthers.Other> nearest =
                    NearestOthers.of(made, asked.rows().label(at), manifest, pixels, most);
            double toBase =
                    NearestOthers.distance(made, pixels.image(asked.rows().base(at)));
            double toNeighbour =
                    NearestOthers.distance(made, pixels.image(asked.rows().neighbour(at)));
            boolean another = !nearest.isEmpty() && nearest.getFirst().distance() < Math.min(toBase, toNeighbour);
            return new Others(
                    toBase,
                    toNeighbour,
                    another,
                    nearest.stream()
                            .map(one -> new Other(Parent.of(manifest, one.row()), one.distance()))
                            .toList());
        }
    }
}
