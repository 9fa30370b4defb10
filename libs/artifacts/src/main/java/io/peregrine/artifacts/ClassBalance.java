package io.peregrine.artifacts;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.artifacts.store.ArtifactPublisher;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import java.util.List;

/// Balancing result of one class. The results of all classes, in label order, form the JSON artifact `balance`: a
/// dataset may have more classes than fit into an event.
///
/// @param real number of real images in the balanced set
/// @param tiedRows rows whose neighbours tie at or before rank k + 1, where the reference's order is arbitrary
/// @param duplicates images with the same pixels as another image of the class, as far as the class was searched;
///     null if there are none
/// @param neighbours SMOTE's k for this class; null if no neighbours were searched or if it is the
///     specification's k
/// @param dropped real images removed by under-sampling; null if there are none
/// @param weight weight of the class in the trainer's loss; null means 1
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

    /// A class without optional values.
    public ClassBalance(String label, long real, long synthetic, long tiedRows) {
        this(label, real, synthetic, tiedRows, null, null, null, null);
    }

    /// @return number of training images of the class before balancing
    public long before() {
        return dropped == null ? real : real + dropped;
    }

    /// @return number of rows of the class in the balanced set
    public long after() {
        return real + synthetic;
    }

    /// @param classes in label order
    public static ArtifactRef publish(ArtifactPublisher publisher, List<ClassBalance> classes) {
        try {
            return publisher.publish(KIND, "json", EventCodec.json().writeValueAsBytes(new Classes(classes)));
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// @return all classes in label order
    /// @throws io.peregrine.events.FailureException INTERNAL if the artifact is missing or changed; RESOURCE if
    ///     the store cannot be read
    public static List<ClassBalance> open(ArtifactStore store, ArtifactRef ref) {
        return List.copyOf(store.read(ref, Classes.class).classes());
    }
}
