package io.peregrine.simulator;

/// Receives the actions that the scheduler may choose next.
@FunctionalInterface
interface Offers {
    /// @param weight probability relative to the other actions
    void add(int weight, Runnable action);
}
