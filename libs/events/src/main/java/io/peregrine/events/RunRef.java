package io.peregrine.events;

import java.util.regex.Pattern;

/// The run that an event belongs to.
///
/// @param id 32 hexadecimal digits, a digest of the `dataset.ready` event that started the run
/// @param dataset name of the dataset, as given by the user
/// @param spec complete specification with its defaults, `run.json`; null only if the specification itself was
///     invalid
/// @param priority -10 to 10; runs with a higher priority are served first; null: 0
public record RunRef(
        String id,
        String dataset,
        @MayBeNull ArtifactRef spec,
        @MayBeNull Integer priority) {
    private static final Pattern ID = Pattern.compile("[0-9a-f]{32}");

    public RunRef {
        // The id is used as a file path, a key and a label, so no other form is allowed.
        if (!isId(id)) {
            throw new IllegalArgumentException("'%s' is not a run id; it must be 32 lower-case hexadecimal digits"
                    .formatted(id == null ? "null" : CleanText.shortened(id, 100)));
        }
    }

    /// A run with the default priority.
    public RunRef(String id, String dataset, ArtifactRef spec) {
        this(id, dataset, spec, null);
    }

    /// @return whether this is 32 lower-case hexadecimal digits
    public static boolean isId(String id) {
        return id != null && ID.matcher(id).matches();
    }
}
