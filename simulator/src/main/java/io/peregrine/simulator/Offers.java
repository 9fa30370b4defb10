package io.peregrine.simulator;

/// Takes what the scheduler may do next.
@FunctionalInterface
interface Offers {
    /// @param weight how likely it is, beside the others
    void add(int weight, Runnable action);
}
