package io.peregrine.rest.problem;

import java.util.Locale;

/// A kind of problem that a request can have. Each kind has its own URL, `/api/v1/problems/<kind>`.
///
/// A service lists its own kinds in an enum; [GeneralProblem] contains the kinds that every service may answer.
public interface ProblemKind {
    /// @return the constant's name, such as `RUN_UNKNOWN`
    String name();

    /// Properties that all problems of a kind share.
    ///
    /// @param status HTTP status
    /// @param title one sentence
    /// @param remedy what to do
    record Meaning(int status, String title, String remedy) {}

    Meaning meaning();

    default int status() {
        return meaning().status();
    }

    default String title() {
        return meaning().title();
    }

    default String remedy() {
        return meaning().remedy();
    }

    /// @return the name as a URL segment, such as `run-unknown`
    default String slug() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// @return the problem's `type`
    default String type() {
        return "/api/v1/problems/" + slug();
    }
}
