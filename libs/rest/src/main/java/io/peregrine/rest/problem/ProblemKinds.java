package io.peregrine.rest.problem;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// All kinds of problems that a service may answer; each service produces this bean from its own enum.
public final class ProblemKinds {
    private final List<ProblemKind> all;

    /// @param own the service's own kinds, in addition to the general ones
    public ProblemKinds(ProblemKind... own) {
        this.all = Stream.concat(Arrays.stream(own), Arrays.stream(GeneralProblem.values()))
                .toList();
    }

    List<ProblemKind> all() {
        return all;
    }
}
