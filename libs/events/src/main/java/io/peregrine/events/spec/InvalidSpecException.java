package io.peregrine.events.spec;

import io.peregrine.events.FieldError;
import java.util.List;
import java.util.stream.Collectors;

/// An invalid specification, with an error for each invalid field.
@SuppressWarnings("serial")
public final class InvalidSpecException extends Exception {
    private final transient List<FieldError> errors;
    private final int count;

    InvalidSpecException(FieldErrors errors) {
        super(errors.first().stream()
                .map(e -> "%s: %s (found %s); %s".formatted(e.field(), e.problem(), e.found(), e.remedy()))
                .collect(Collectors.joining("\n")));
        this.errors = errors.first();
        this.count = errors.count();
    }

    /// @return at most 20 errors
    public List<FieldError> errors() {
        return errors;
    }

    /// @return how many fields are wrong, and whether [#errors] lists all of them, as text
    public String counted() {
        String counted = count == 1 ? "1 field is wrong" : "%,d fields are wrong".formatted(count);
        return count == errors.size()
                ? counted
                : "%s, of which the first %d are listed".formatted(counted, errors.size());
    }
}
