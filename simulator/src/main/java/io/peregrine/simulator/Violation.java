package io.peregrine.simulator;

/// Something that must not be, whatever went wrong before.
@SuppressWarnings("serial")
public final class Violation extends RuntimeException {
    Violation(String what) {
        super(what);
    }
}
