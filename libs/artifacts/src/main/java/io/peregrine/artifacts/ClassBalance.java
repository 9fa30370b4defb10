package io.peregrine.artifacts;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import java.util.List;

/// What balancing made of one class. Those of all classes, in label order, are the JSON artifact `balance`: a
/// dataset may have more classes than an event has room for.
///
/// @param real real images of the balanced set
/// @param tiedRows rows whose neighbours tie at or before rank k + 1, where the reference's order is arbitrary
/// @param duplicates images of which the class has another with the same pixels, as far as it was searched;
///     null if none
/// @param neighbours SMOTE's k for this class; null where none were looked for, or where it is the specification's
/// @param dropped real images left out by under-sampling; null if none
/// @param weight of the class in the trainer's loss; null: 1
public record ClassBalance(
        String label,
        long real,
        long synthetic,
        long tiedRows,
        Long duplicates,
        Integer neighbours,
        Long dropped,
        Double weight) {
    private static final String KIND = "balance";

    private record Classes(List<ClassBalance> classes) {}

    /// A class with none of the optional values.
    public ClassBalance(String label, long real, long synthetic, long tiedRows) {
        this(label, real, synthetic, tiedRows, null, null, null, null);
    }

    /// @return training images that the class had before balancing
    public long before() {
        return dropped == null ? real : real + dropped;
    }

    /// @return rows of the class in the balanced set
    public long after() {
        return real + synthetic;
    }

    /// @param classes in label order
    public static ArtifactRef publish(ArtifactStore store, List<ClassBalance> classes) {
        try {
            return store.publish(KIND, "json", EventCodec.json().writeValueAsBytes(new Classes(classes)));
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// @return all classes in label order
    /// @throws io.peregrine.events.Failure OURS, if the artifact is missing or changed; RESOURCE, if the store
    ///     cannot be read
    public static List<ClassBalance> open(ArtifactStore store, ArtifactRef ref) {
        return List.copyOf(store.read(ref, Classes.class).classes());
    }
}
