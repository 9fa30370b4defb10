package io.peregrine.artifacts;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;

/// Published artifacts, named by what they contain. Safe for any number of processes at once.
///
/// A published name always holds the whole artifact, and publishing the same content twice is publishing it once.
/// References say nothing of where a store lies: a folder's are a bucket's.
public interface ArtifactStore extends AutoCloseable {
    /// What references begin with.
    String SCHEME = "store:";

    /// Writes an artifact's bytes to the file that it is given.
    @FunctionalInterface
    interface Content {
        void writeTo(Path aside) throws IOException;
    }

    /// A file of the store, whoever wrote it.
    ///
    /// @param uri as a reference would name it
    record Stored(String uri, long bytes, Instant modified) {}

    /// Publishes what `content` writes.
    ///
    /// @param kind the folder below the store, such as `pack`
    /// @param extension of the file, such as `safetensors`
    /// @param before told of the artifact when all that it still lacks is its name; what it
    ///     throws leaves nothing there
    /// @throws Failure RESOURCE `STORE_FULL`, if there is no room; RESOURCE `STORE_UNREACHABLE`, if the store
    ///     refuses
    ArtifactRef publish(String kind, String extension, Content content, Consumer<ArtifactRef> before);

    /// Publishes what `content` writes.
    default ArtifactRef publish(String kind, String extension, Content content) {
        return publish(kind, extension, content, ref -> {});
    }

    /// Publishes bytes that are already at hand.
    default ArtifactRef publish(String kind, String extension, byte[] bytes) {
        return publish(kind, extension, aside -> {
            try {
                Files.write(aside, bytes);
            } catch (IOException e) {
                throw new FullDisk.WriteException(bytes.length, e);
            }
        });
    }

    /// @return the artifact's file, to be opened at once; its length and SHA-256 are checked the first time that
    ///     this process asks for it, and again when the file has changed since
    /// @throws Failure OURS `ARTIFACT_MISSING` or `ARTIFACT_CORRUPT`; RESOURCE `STORE_UNREACHABLE`
    Path open(ArtifactRef ref);

    /// Reads an artifact that is JSON. Where it cannot be read although it was whole when it was last hashed, it
    /// is hashed again.
    ///
    /// @throws Failure as [#open]; OURS `ARTIFACT_UNREADABLE`, if the artifact is whole and still no such JSON
    default <T> T read(ArtifactRef ref, Class<T> type) {
        try {
            return EventCodec.json().readValue(Files.readAllBytes(open(ref)), type);
        } catch (JsonProcessingException e) {
            check(ref);
            throw FailureException.internal(
                    "ARTIFACT_UNREADABLE",
                    "%s is not the JSON of a %s: %s".formatted(ref.uri(), type.getSimpleName(), e.getOriginalMessage()),
                    e);
        } catch (IOException e) {
            throw FailureException.resource("STORE_UNREACHABLE", ref.uri() + " cannot be read: " + e, e);
        }
    }

    /// Whoever reuses what an earlier run has made asks this first.
    ///
    /// @return whether the artifact lies where all processes read it, and is whole. What is damaged counts as
    ///     missing: publishing it again replaces it.
    /// @throws Failure RESOURCE, if the store is away
    boolean holds(ArtifactRef ref);

    /// Reads the whole artifact where it lies, whatever is known or kept of it here. A damaged file is moved
    /// away.
    ///
    /// @throws Failure as [#open]
    void check(ArtifactRef ref);

    /// @return every file of a kind
    /// @throws Failure RESOURCE `STORE_UNREACHABLE`
    List<Stored> list(String kind);

    /// Deletes artifacts. One that is gone already is no fault, and whoever has one open keeps it.
    ///
    /// @throws Failure RESOURCE `STORE_UNREACHABLE`
    void delete(Collection<String> uris);

    /// Writes and deletes a few bytes where artifacts are published or read here.
    ///
    /// @throws Failure RESOURCE `STORE_FULL` or `STORE_UNREACHABLE`, if nothing can be written
    void mustBeWritable();

    /// @return the folder that needs room when artifacts are published or read here: the store, or what is kept
    ///     of it
    Path disk();

    /// @return bytes that there would be room for if nothing lay there
    default long totalBytes() {
        try {
            return Files.getFileStore(disk()).getTotalSpace();
        } catch (IOException e) {
            throw FailureException.resource("STORE_UNREACHABLE", disk() + " does not tell its room: " + e, e);
        }
    }

    /// @return bytes that are left there
    default long usableBytes() {
        try {
            return Files.getFileStore(disk()).getUsableSpace();
        } catch (IOException e) {
            throw FailureException.resource("STORE_UNREACHABLE", disk() + " does not tell its room: " + e, e);
        }
    }

    @Override
    default void close() {}
}
