package io.peregrine.ingest.rest;

import java.util.Locale;

/// What can go wrong with a request; each kind has an address of its own, `/api/v1/problems/<kind>`.
public enum ProblemKind {
    BAD_JSON(400, "The body is no JSON object", "Send {\"dataset\": \"…\", \"uri\": \"file:///…\"}."),
    BAD_SPEC(
            422,
            "The specification cannot stand",
            "Each of 'errors' says which field, what was found, what is allowed."),
    BAD_KEY(400, "Bad Idempotency-Key", "Send 1 to 255 visible characters, such as a UUID, or leave the header out."),
    KEY_REUSED(422, "The Idempotency-Key was used for another body", "Send a new key with a new body."),
    TOO_LARGE(413, "The body is too large", "A specification has at most 64 KiB."),
    PROBLEM_UNKNOWN(404, "No such kind of problem", "Ask GET /api/v1/problems."),
    DATABASE_AWAY(503, "The database is away", "Try again in some seconds; nothing was published."),
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
