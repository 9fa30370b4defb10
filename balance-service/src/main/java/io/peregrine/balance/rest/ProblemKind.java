package io.peregrine.balance.rest;

import java.util.Locale;

/// What can go wrong with a request; each kind has an address of its own, `/api/v1/problems/<kind>`.
public enum ProblemKind {
    RUN_UNKNOWN(
            404,
            "No such balance",
            "A run is here once its dataset is sealed and its plan stands; cluster-service lists all runs."),
    NOT_BALANCED(409, "Not balanced yet", "GET /api/v1/runs/{run}/balance tells how long it will still take."),
    SAMPLE_UNKNOWN(404, "No such row", "Rows are numbered from 0; ask GET /api/v1/runs/{run}/samples."),
    CLASS_UNKNOWN(404, "No such class", "GET /api/v1/runs/{run}/balance lists the run's classes."),
    PIXELS_GONE(410, "The artefact is gone", "It was pruned from the store; publish the dataset again."),
    BAD_LIMIT(400, "Bad limit", "Say a whole number within the range, or leave ?limit= out."),
    BAD_CURSOR(400, "Bad cursor", "Use 'nextCursor' of the page before as it is, at the same address."),
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
