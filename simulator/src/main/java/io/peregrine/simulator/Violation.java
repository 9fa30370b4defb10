package io.peregrine.simulator;

/// An invariant that does not hold, although it must hold after any fault.
@SuppressWarnings("serial")
public final class Violation extends RuntimeException {
    Violation(String what) {
        super(what);
    }
}
