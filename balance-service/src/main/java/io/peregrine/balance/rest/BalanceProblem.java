package io.peregrine.balance.rest;

import io.peregrine.rest.ProblemKind;
import io.peregrine.rest.ProblemKinds;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/// What can go wrong with a request for a balance and its samples.
enum BalanceProblem implements ProblemKind {
    RUN_UNKNOWN(
            404,
            "No such balance",
            "A run is here once its dataset is sealed and its plan stands; cluster-service lists all runs."),
    NOT_BALANCED(409, "Not balanced yet", "GET /api/v1/runs/{run}/balance tells how long it will still take."),
    SAMPLE_UNKNOWN(404, "No such row", "Rows are numbered from 0; ask GET /api/v1/runs/{run}/samples."),
    CLASS_UNKNOWN(404, "No such class", "GET /api/v1/runs/{run}/balance lists the run's classes."),
    BAD_LIMIT(400, "Bad limit", "Say a whole number within the range, or leave ?limit= out."),
    BAD_CURSOR(400, "Bad cursor", "Use 'nextCursor' of the page before as it is, at the same address.");

    private final int status;
    private final String title;
    private final String cure;

    BalanceProblem(int status, String title, String cure) {
        this.status = status;
        this.title = title;
        this.cure = cure;
    }

    @Override
    public int status() {
        return status;
    }

    @Override
    public String title() {
        return title;
    }

    @Override
    public String cure() {
        return cure;
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
