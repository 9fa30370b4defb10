package io.peregrine.ingest.rest;

import io.peregrine.rest.ProblemKind;
import io.peregrine.rest.ProblemKinds;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/// What can go wrong with a request to publish a dataset, or for what was found in one.
enum DatasetProblem implements ProblemKind {
    BAD_JSON(400, "The body is no JSON object", "Send {\"dataset\": \"…\", \"uri\": \"file:///…\"}."),
    BAD_SPEC(
            422,
            "The specification cannot stand",
            "Each of 'errors' says which field, what was found, what is allowed."),
    BAD_KEY(400, "Bad Idempotency-Key", "Send 1 to 255 visible characters, such as a UUID, or leave the header out."),
    KEY_REUSED(422, "The Idempotency-Key was used for another body", "Send a new key with a new body."),
    RUN_DELETED(410, "The run of this Idempotency-Key was deleted", "Send a new key: a new run begins."),
    RUN_UNKNOWN(404, "No such run", "A run is here once its files are listed; cluster-service knows every run."),
    NOT_SEALED(
            404,
            "No findings yet",
            "They come when every image is decoded; a run that was sealed by an earlier version has none."),
    BAD_KIND(400, "No such kind of finding", "Use one of those that are listed, or leave ?kind= out."),
    IMAGE_UNKNOWN(404, "No such image", "The cluster service lists them: GET /api/v1/runs/{run}/images."),
    ORIGINAL_GONE(410, "The original is gone", "Put it back as it was, or publish the dataset again.");

    private final Meaning meaning;

    DatasetProblem(int status, String title, String remedy) {
        this.meaning = new Meaning(status, title, remedy);
    }

    @Override
    public Meaning meaning() {
        return meaning;
    }

    /// Lists them at `/api/v1/problems`.
    static final class Listed {
        @Produces
        @Singleton
        ProblemKinds kinds() {
            return new ProblemKinds(values());
        }
    }
}
