package io.peregrine.events;

import java.util.ArrayList;
import java.util.List;

/// What is wrong with a specification: the first errors, and how many there are in all. A `run.failed` tells
/// them, and must fit into 64 KiB.
final class FieldErrors {
    private static final int MOST = 20;

    private final List<FieldError> first = new ArrayList<>();
    private int count;

    void add(FieldError error) {
        if (!isFull()) {
            first.add(error);
        }
        count++;
    }

    /// @return whether a further error is only counted
    boolean isFull() {
        return first.size() == MOST;
    }

    List<FieldError> first() {
        return List.copyOf(first);
    }

    int count() {
        return count;
    }
}
