package io.peregrine.cluster.rest;

import io.peregrine.rest.ProblemKind;
import io.peregrine.rest.ProblemKinds;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/// What can go wrong with a request for runs, clusters and images.
enum RunProblem implements ProblemKind {
    RUN_UNKNOWN(404, "No such run", "Ask GET /api/v1/runs for those that there are."),
    RUN_ENDED(
            409, "The run has ended", "Only a running run can be cancelled; publish the dataset again for a new one."),
    REASON_TOO_LONG(422, "The reason is too long", "Give a reason of at most 1,000 characters, or none."),
    RUN_GOES_ON(
            409, "The run still goes on", "Cancel it first, by POST /api/v1/runs/{run}/cancel, or wait for its end."),
    CLUSTERS_NOT_COMPUTED(
            404,
            "No clusters yet",
            "They come after the autoencoder's training; GET /api/v1/runs/{run} tells how far the run is."),
    NO_HISTORY(
            404,
            "No history yet",
            "It begins with the first epoch's end; GET /api/v1/runs/{run} tells how far the run is."),
    NO_TEST_RESULT(
            404,
            "No test result",
            "It comes with the classifier's last checkpoint, where the dataset has test images."),
    TEST_RESULT_GONE(
            410,
            "The test result is gone",
            "Its artifact is missing or damaged, which ./peregrine fsck tells; publish the dataset again."),
    TOO_MANY_CLASSES(
            422,
            "Too many classes for a chart",
            "Up to 256 classes are drawn; GET /api/v1/runs/{run}/confusion and /classes have the numbers in pages."),
    CHART_FORMAT_UNKNOWN(404, "No such format", "Ask for the same address with an ending that is allowed."),
    CLUSTER_UNKNOWN(404, "No such cluster", "Clusters are numbered from 0; ask GET /api/v1/runs/{run}/clusters."),
    IMAGE_UNKNOWN(404, "No such image", "Ask GET /api/v1/runs/{run}/images for those that there are."),
    IMAGE_HAS_NO_PIXELS(404, "No pixels", "A refused image was never decoded; its 'reason' says why."),
    NO_AUTOENCODER(
            404,
            "No autoencoder yet",
            "It comes with the autoencoder's last checkpoint; GET /api/v1/runs/{run} tells how far the run is."),
    PIXELS_GONE(410, "The pixels are gone", "Their pack was pruned from the store; publish the dataset again."),
    BAD_FILTER(400, "Bad filter", "Use one of the values that are listed, or leave the filter out.");

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
