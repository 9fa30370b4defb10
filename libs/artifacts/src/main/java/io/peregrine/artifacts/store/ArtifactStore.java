package io.peregrine.artifacts.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.artifacts.store.ArtifactPublisher.Content;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collection;
import java.util.List;

/// Published artifacts, named by their content. Safe for any number of concurrent processes.
///
/// A published name always refers to the complete artifact, and publishing is idempotent. References do not
/// depend on the location of the store: they are the same for a folder and a bucket. Each publisher states
/// how the reference is recorded. The reference is recorded before the artifact gets its name.
public interface ArtifactStore extends AutoCloseable {
    /// URI scheme of references.
    String SCHEME = "store:";

    /// A file of the store.
    ///
    /// @param uri URI that a reference to it contains
    record Stored(String uri, long bytes, Instant modified) {}

    /// Publishes the content.
    ///
    /// @param kind folder of the store, such as `pack`
    /// @param extension extension of the file, such as `safetensors`
    /// @param references called when the artifact is complete except for its name; if it throws, nothing is
    ///     published
    /// @throws FailureException RESOURCE `STORE_FULL` if there is not enough space; RESOURCE `STORE_UNREACHABLE`
    ///     if the store reports an error
    ArtifactRef publish(String kind, String extension, Content content, ReferenceRecorder references);

    /// @return publishes artifacts that no run references, for tools and tests. A service that owns the kind may
    ///     delete them one day later
    default ArtifactPublisher unreferenced() {
        return (kind, extension, content) -> publish(kind, extension, content, ReferenceRecorder.NONE);
    }

    /// @return the artifact's file, to be opened at once. Its length and SHA-256 are verified the first time that
    ///     this process opens it, and again if the file has changed since
    /// @throws FailureException INTERNAL `ARTIFACT_MISSING` or `ARTIFACT_CORRUPT`; RESOURCE `STORE_UNREACHABLE`
    Path open(ArtifactRef ref);

    /// Reads a JSON artifact. If parsing fails although the hash was correct before, the artifact is hashed
    /// again.
    ///
    /// @throws FailureException as [#open]; INTERNAL `ARTIFACT_UNREADABLE` if the hash is correct but the content
    ///     is not the expected JSON
    default <T> T read(ArtifactRef ref, Class<T> type) {
        try {
            return EventCodec.json().readValue(Files.readAllBytes(open(ref)), type);
        } catch (JsonProcessingException e) {
            check(ref);
            throw FailureException.internal(
                    "ARTIFACT_UNREADABLE",
                    "%s is not JSON of type %s: %s".formatted(ref.uri(), type.getSimpleName(), e.getOriginalMessage()),
                    e);
        } catch (IOException e) {
            throw FailureException.resource("STORE_UNREACHABLE", "Cannot read " + ref.uri() + ": " + e, e);
        }
    }

    /// Whether an artifact can be reused. Call this before reusing results of an earlier run.
    ///
    /// @return whether the artifact is in the shared store and intact. A damaged artifact counts as missing:
    ///     publishing it again replaces it
    /// @throws FailureException RESOURCE if the store is unavailable
    boolean holds(ArtifactRef ref);

    /// Reads and verifies the whole artifact in the shared store, bypassing all caches. A damaged file is moved
    /// away.
    ///
    /// @throws FailureException as [#open]
    void check(ArtifactRef ref);

    /// @return all files of a kind
    /// @throws FailureException RESOURCE `STORE_UNREACHABLE`
    List<Stored> list(String kind);

    /// Deletes artifacts. Missing artifacts are ignored, and processes that have one open can still read it.
    ///
    /// @throws FailureException RESOURCE `STORE_UNREACHABLE`
    void delete(Collection<String> uris);

    /// Checks that this process can publish and read artifacts, by writing and deleting a few bytes.
    ///
    /// @throws FailureException RESOURCE `STORE_FULL` or `STORE_UNREACHABLE` if nothing can be written
    void mustBeWritable();

    /// @return the folder whose disk needs free space to publish and read artifacts here: the store or its cache
    Path disk();

    /// @return capacity of that disk in bytes
    default long totalBytes() {
        try {
            return Files.getFileStore(disk()).getTotalSpace();
        } catch (IOException e) {
            throw FailureException.resource(
                    "STORE_UNREACHABLE", "Cannot read the disk space of " + disk() + ": " + e, e);
        }
    }

    /// @return free bytes on that disk
    default long usableBytes() {
        try {
            return Files.getFileStore(disk()).getUsableSpace();
        } catch (IOException e) {
            throw FailureException.resource(
                    "STORE_UNREACHABLE", "Cannot read the disk space of " + disk() + ": " + e, e);
        }
    }

    @Override
    default void close() {}
}
