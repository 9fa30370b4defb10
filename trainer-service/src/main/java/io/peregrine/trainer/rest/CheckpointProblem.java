package io.peregrine.trainer.rest;

import io.peregrine.rest.problem.ProblemKind;
import io.peregrine.rest.problem.ProblemKinds;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/// Errors of requests for a checkpoint.
enum CheckpointProblem implements ProblemKind {
    CHECKPOINT_UNKNOWN(
            404,
            "No such checkpoint",
            "There is one checkpoint per epoch, starting with epoch 1; cluster-service lists all runs."),
    ARTIFACT_EXPIRED(
            410,
            "The checkpoint has expired",
            "Only the best and the newest checkpoint of each network are kept;"
                    + " GET /api/v1/runs/{run}/checkpoints lists them.");

    private final Meaning meaning;

    CheckpointProblem(int status, String title, String remedy) {
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
