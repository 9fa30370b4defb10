package io.peregrine.rest;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// Every kind of problem that one service answers; each service produces this bean from its own enum.
public final class ProblemKinds {
    private final List<ProblemKind> all;

    /// @param own the service's own kinds, beside the general ones
    public ProblemKinds(ProblemKind... own) {
        this.all = Stream.concat(Arrays.stream(own), Arrays.stream(GeneralProblem.values()))
                .toList();
    }

    List<ProblemKind> all() {
        return all;
    }
}
