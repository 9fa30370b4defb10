package io.peregrine.cluster.analysis;

/// Receives the progress of a long computation. An exception from it stops the computation.
@FunctionalInterface
public interface Progress {
    /// Ignores the progress.
    Progress NONE = (task, done, total) -> {};

    /// Called often, on the thread that started the computation.
    ///
    /// @param task such as `k-means`
    /// @param total 0 if unknown
    void at(String task, long done, long total);
}
