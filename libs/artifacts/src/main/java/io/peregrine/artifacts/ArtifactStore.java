package io.peregrine.artifacts;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;

/// Published artefacts, named by what they contain. Safe for any number of processes at once.
///
/// A published name always holds the whole artefact, and publishing the same content twice is publishing it once.
/// References say nothing of where a store lies: a folder's are a bucket's.
public interface ArtifactStore extends AutoCloseable {
    /// What references begin with.
    String SCHEME = "store:";

    /// Writes an artefact's bytes to the file that it is given.
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
    /// @param before told of the artefact when all that it still lacks is its name; what it
    ///     throws leaves nothing there
    /// @throws Failure RESOURCE `STORE_UNREACHABLE`, if the store refuses
    ArtifactRef publish(String kind, String extension, Content content, Consumer<ArtifactRef> before);

    /// Publishes what `content` writes.
    default ArtifactRef publish(String kind, String extension, Content content) {
        return publish(kind, extension, content, ref -> {});
    }

    /// Publishes bytes that are already at hand.
    default ArtifactRef publish(String kind, String extension, byte[] bytes) {
        return publish(kind, extension, aside -> Files.write(aside, bytes));
    }

    /// @return the artefact's file, to be opened at once; its length and SHA-256 are checked the first time that
    ///     this process asks for it
    /// @throws Failure OURS `ARTEFACT_MISSING` or `ARTEFACT_CORRUPT`; RESOURCE `STORE_UNREACHABLE`
    Path open(ArtifactRef ref);

    /// Reads the whole artefact where it lies, whatever is known or kept of it here.
    ///
    /// @throws Failure as [#open]
    void check(ArtifactRef ref);

    /// @return every file of a kind
    /// @throws Failure RESOURCE `STORE_UNREACHABLE`
    List<Stored> list(String kind);

    /// Deletes artefacts. One that is gone already is no fault, and whoever has one open keeps it.
    ///
    /// @throws Failure RESOURCE `STORE_UNREACHABLE`
    void delete(Collection<String> uris);

    /// @return the folder that needs room when artefacts are published or read here: the store, or what is kept of it
    Path disk();

    /// @return bytes that are left there
    default long usableBytes() {
        try {
            return Files.getFileStore(disk()).getUsableSpace();
        } catch (IOException e) {
            throw Failure.resource("STORE_UNREACHABLE", disk() + " does not tell its room: " + e, e);
        }
    }

    @Override
    default void close() {}
}
