package io.peregrine.cluster.analysis;

/// Hears how far a long calculation is. May throw, and thereby stops it.
@FunctionalInterface
public interface Progress {
    /// For calculations that nobody watches.
    Progress NONE = (task, done, total) -> {};

    /// Called often, from the thread that began the calculation.
    ///
    /// @param task such as `k-means`
    /// @param total 0 where it is not known
    void at(String task, long done, long total);
}
