package io.peregrine.events;

import java.util.List;
import java.util.stream.Collectors;

/// A specification that cannot stand, with what is wrong with each of its fields.
@SuppressWarnings("serial")
public final class BadSpec extends Exception {
    private final transient List<FieldError> errors;

    BadSpec(List<FieldError> errors) {
        super(errors.stream()
                .map(e -> "%s: %s (found %s); %s".formatted(e.field(), e.problem(), e.found(), e.cure()))
                .collect(Collectors.joining("\n")));
        this.errors = List.copyOf(errors);
    }

    public List<FieldError> errors() {
        return errors;
    }
}
