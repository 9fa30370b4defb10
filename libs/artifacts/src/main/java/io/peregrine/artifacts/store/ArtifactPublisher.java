package io.peregrine.artifacts.store;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Publishes artifacts whose references are recorded in one way: those of a job, or none
/// ([ArtifactStore#unreferenced]).
@FunctionalInterface
public interface ArtifactPublisher {
    /// Writes an artifact's bytes to the given file.
    @FunctionalInterface
    interface Content {
        void writeTo(Path aside) throws IOException;
    }

    /// Publishes the content.
    ///
    /// @param kind folder of the store, such as `pack`
    /// @param extension extension of the file, such as `safetensors`
    /// @throws FailureException RESOURCE `STORE_FULL` if there is not enough space; RESOURCE `STORE_UNREACHABLE`
    ///     if the store reports an error
    ArtifactRef publish(String kind, String extension, Content content);

    /// Publishes bytes that are in memory.
    ///
    /// @throws FailureException as above
    default ArtifactRef publish(String kind, String extension, byte[] bytes) {
        return publish(kind, extension, aside -> {
            try {
                Files.write(aside, bytes);
            } catch (IOException e) {
                throw new FullDisk.WriteException(bytes.length, e);
            }
        });
    }
}
