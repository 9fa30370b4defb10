package io.peregrine.balance.rest;

import io.peregrine.rest.problem.ProblemKind;
import io.peregrine.rest.problem.ProblemKinds;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/// Problems of requests for a balance and its samples.
enum BalanceProblem implements ProblemKind {
    RUN_UNKNOWN(
            404,
            "No such balance",
            "Wait until the dataset is sealed and the classes are planned; cluster-service lists every run."),
    NOT_BALANCED(409, "Not balanced yet", "Wait; GET /api/v1/runs/{run}/balance reports the remaining time."),
    SAMPLE_UNKNOWN(404, "No such row", "Rows are numbered from 0; ask GET /api/v1/runs/{run}/samples."),
    CLASS_UNKNOWN(404, "No such class", "GET /api/v1/runs/{run}/balance lists the run's classes.");

    private final Meaning meaning;

    BalanceProblem(int status, String title, String remedy) {
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
