package io.peregrine.ingest.rest;

import io.peregrine.rest.problem.ProblemKind;
import io.peregrine.rest.problem.ProblemKinds;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/// Problems of requests that publish a dataset, or that read its findings or originals.
enum DatasetProblem implements ProblemKind {
    BAD_JSON(400, "The body is not a JSON object", "Send {\"dataset\": \"…\", \"uri\": \"file:///…\"}."),
    BAD_SPEC(
            422,
            "The specification is invalid",
            "Each entry of 'errors' states the field, what was found, and what is allowed."),
    BAD_KEY(400, "Bad Idempotency-Key", "Send 1 to 255 visible characters, such as a UUID, or omit the header."),
    BAD_EVENT(
            400,
            "The CloudEvent is invalid",
            "Send a CloudEvent 1.0 of the type io.peregrine.dataset.ready.v1 with id and source, and no"
                    + " Idempotency-Key."),
    KEY_REUSED(422, "The Idempotency-Key was used for another body", "Send a new key with a new body."),
    RUN_DELETED(410, "The run of this Idempotency-Key was deleted", "Send a new key; this starts a new run."),
    RUN_UNKNOWN(404, "No such run", "Wait until the files of the run are listed; cluster-service lists every run."),
    NOT_SEALED(
            404,
            "No findings yet",
            "Findings exist after every image is decoded; a run that was sealed by an earlier version has none."),
    BAD_KIND(400, "No such kind of finding", "Use one of the listed kinds, or omit ?kind=."),
    IMAGE_UNKNOWN(404, "No such image", "List the images with the cluster service: GET /api/v1/runs/{run}/images."),
    ORIGINAL_GONE(410, "The original is missing or has changed", "Restore the file, or publish the dataset again.");

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
