package io.peregrine.cluster.rest;

import java.util.Locale;

/// What can go wrong with a request; each kind has an address of its own, `/api/v1/problems/<kind>`.
public enum ProblemKind {
    RUN_UNKNOWN(404, "No such run", "Ask GET /api/v1/runs for those that there are."),
    RUN_ENDED(
            409, "The run has ended", "Only a running run can be cancelled; publish the dataset again for a new one."),
    CLUSTERS_NOT_COMPUTED(
            404,
            "No clusters yet",
            "They come after the autoencoder's training; GET /api/v1/runs/{run} tells how far the run is."),
    CLUSTER_UNKNOWN(404, "No such cluster", "Clusters are numbered from 0; ask GET /api/v1/runs/{run}/clusters."),
    IMAGE_UNKNOWN(404, "No such picture", "Ask GET /api/v1/runs/{run}/images for those that there are."),
    IMAGE_HAS_NO_PIXELS(404, "No pixels", "A refused picture was never decoded; its 'reason' says why."),
    PIXELS_GONE(410, "The pixels are gone", "Their pack was pruned from the store; publish the dataset again."),
    BAD_LIMIT(400, "Bad limit", "Say a whole number within the range, or leave ?limit= out."),
    BAD_CURSOR(400, "Bad cursor", "Use 'nextCursor' of the page before as it is, at the same address."),
    BAD_FILTER(400, "Bad filter", "Use one of the values that are listed, or leave the filter out."),
    BAD_VALUE(400, "Bad value", "A part of the address holds what no text or number of ours can be; correct it."),
    BAD_BODY(400, "Bad body", "Send a JSON object with what is documented, or no body."),
    PROBLEM_UNKNOWN(404, "No such kind of problem", "Ask GET /api/v1/problems."),
    DATABASE_AWAY(503, "The database is away", "Try again in some seconds; nothing is lost."),
    INTERNAL(500, "A bug of ours", "Look for the time of this answer in the service's log.");

    private final int status;
    private final String title;
    private final String cure;

    ProblemKind(int status, String title, String cure) {
        this.status = status;
        this.title = title;
        this.cure = cure;
    }

    int status() {
        return status;
    }

    String title() {
        return title;
    }

    String cure() {
        return cure;
    }

    String slug() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    String type() {
        return "/api/v1/problems/" + slug();
    }
}
