package io.peregrine.events.spec;

import io.peregrine.events.FieldError;
import java.util.ArrayList;
import java.util.List;

/// Errors of a specification: the first ones, and the total count. They are published in a `run.failed` event,
/// which must fit into 64 KiB.
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
