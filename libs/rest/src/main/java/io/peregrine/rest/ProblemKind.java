package io.peregrine.rest;

import java.util.Locale;

/// What can go wrong with a request. Each kind has an address of its own, `/api/v1/problems/<kind>`.
///
/// A service lists its own kinds in an enum; [GeneralProblem] has those that any service may answer.
public interface ProblemKind {
    /// @return the constant's name, such as `RUN_UNKNOWN`
    String name();

    /// What every problem of a kind has in common.
    ///
    /// @param status of HTTP
    /// @param title one sentence
    /// @param remedy what to do about it
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

    /// @return the name as a part of an address, such as `run-unknown`
    default String slug() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// @return the problem's `type`
    default String type() {
        return "/api/v1/problems/" + slug();
    }
}
