package io.peregrine.cluster.rest;

import io.peregrine.rest.problem.ProblemKind;
import io.peregrine.rest.problem.ProblemKinds;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/// Errors of requests for runs, clusters and images.
enum RunProblem implements ProblemKind {
    RUN_UNKNOWN(404, "No such run", "GET /api/v1/runs lists all runs."),
    RUN_ENDED(
            409, "The run has ended", "Only a running run can be cancelled; publish the dataset again for a new one."),
    REASON_TOO_LONG(422, "The reason is too long", "Give a reason of at most 1,000 characters, or none."),
    RUN_STILL_RUNNING(
            409, "The run is still running", "Cancel it with POST /api/v1/runs/{run}/cancel, or wait for its end."),
    CLUSTERS_NOT_COMPUTED(
            404,
            "No clusters yet",
            "Clusters are computed after the autoencoder's training; GET /api/v1/runs/{run} reports the progress."),
    NO_HISTORY(
            404,
            "No history yet",
            "It starts with the end of the first epoch; GET /api/v1/runs/{run} reports the progress."),
    NO_TEST_RESULT(
            404,
            "No test result",
            "It is published with the classifier's last checkpoint, if the dataset has test images."),
    TEST_RESULT_GONE(
            410,
            "The test result is missing",
            "Its artifact is missing or damaged; ./peregrine fsck reports which. Publish the dataset again."),
    TOO_MANY_CLASSES(
            422,
            "Too many classes for a chart",
            "Up to 256 classes are drawn; GET /api/v1/runs/{run}/confusion and /classes have the numbers in pages."),
    CHART_FORMAT_UNKNOWN(404, "No such format", "Use the same path with one of the allowed suffixes."),
    CLUSTER_UNKNOWN(
            404, "No such cluster", "Clusters are numbered from 0; GET /api/v1/runs/{run}/clusters lists them."),
    IMAGE_UNKNOWN(404, "No such image", "GET /api/v1/runs/{run}/images lists all images."),
    IMAGE_HAS_NO_PIXELS(404, "No pixels", "A refused image was never decoded; its 'reason' states why."),
    NO_AUTOENCODER(
            404,
            "No autoencoder yet",
            "It is published with the autoencoder's last checkpoint; GET /api/v1/runs/{run} reports the progress."),
    PIXELS_GONE(410, "The pixels are gone", "Their pack was pruned from the store; publish the dataset again."),
    BAD_FILTER(400, "Bad filter", "Use one of the listed values, or omit the filter.");

    private final Meaning meaning;

    RunProblem(int status, String title, String remedy) {
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
