package io.peregrine.artifacts.store;

import io.peregrine.artifacts.store.ArtifactPublisher.Content;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// An artifact store in a folder. Publishing writes a temporary file, hashes it, syncs it, renames it atomically
/// and syncs the folder.
///
/// A file is hashed when this process first opens it, and again if its length, times or inode have changed. The
/// process that finds a damaged file moves it to `damaged/` at once, so that it is no longer used. Publishing the
/// same content creates the file again.
public final class FileStore implements ArtifactStore {
    /// A temporary file that was not written to for this long is assumed to belong to a dead process. If the
    /// process was only paused, its publication fails and is retried.
    static final Duration ABANDONED = Duration.ofMinutes(15);

    /// Some 300 bytes per entry.
    static final int REMEMBERED = 50_000;

    private static final int PROBE_BYTES = 4_096;
    private static final long SWEEP_NANOS = Duration.ofHours(1).toNanos();

    private final Path root;
    private final Path aside;
    private final DamagedFiles damaged;
    private final Durability durability;
    private final Consumer<ArtifactRef> onDamage;
    private final LruCache<FileIdentity> verified = new LruCache<>(REMEMBERED);
    private final AtomicLong nextSweep = new AtomicLong();

    /// @param root the store's folder; created if missing
    public FileStore(Path root) {
        this(root, damaged -> {});
    }

    /// @param root the store's folder; created if missing
    /// @param onDamage called for each artifact whose file this process finds damaged
    public FileStore(Path root, Consumer<ArtifactRef> onDamage) {
        this(root, onDamage, new Durability());
    }

    /// @param root the store's folder; created if missing
    /// @param onDamage called for each artifact whose file this process finds damaged
    /// @param durability syncs published files
    public FileStore(Path root, Consumer<ArtifactRef> onDamage, Durability durability) {
        this.root = root.toAbsolutePath().normalize();
        this.aside = this.root.resolve("aside");
        this.damaged = new DamagedFiles(this.root.resolve("damaged"));
        this.durability = durability;
        this.onDamage = onDamage;
        try {
            if (!Files.isDirectory(aside)) {
                durability.createFolders(aside);
            }
        } catch (IOException e) {
            throw failure("its own folder", 0, "Cannot create the store's folder " + root + ": " + e, e);
        }
        sweep();
    }

    @Override
    public ArtifactRef publish(String kind, String extension, Content content, ReferenceRecorder references) {
        if (System.nanoTime() - nextSweep.get() >= 0) {
            sweep();
        }
        Path file = aside.resolve(UUID.randomUUID().toString());
        try {
            return publish(kind, extension, content, references, file);
        } catch (IOException | UncheckedIOException e) {
            long written = file.toFile().length();
            deleteQuietly(file);
            throw failure("a " + kind, written, "Cannot write a " + kind + " to the store at " + root + ": " + e, e);
        } finally {
            deleteQuietly(file);
        }
    }

    private ArtifactRef publish(String kind, String extension, Content content, ReferenceRecorder references, Path file)
            throws IOException {
        // If it was empty, a cleanup may have deleted it. If the store is unavailable, its root is missing, too.
        if (!Files.isDirectory(aside) && Files.isDirectory(root)) {
            durability.createFolders(aside);
        }
        content.writeTo(file);
        String sha256 = sha256(file);
        ArtifactRef ref = new ArtifactRef(
                SCHEME + kind + "/" + sha256.substring(0, 2) + "/" + sha256 + "." + extension,
                sha256,
                Files.size(file));
        Path published = path(ref);
        durability.sync(file);
        references.record(ref);
        durability.createFolders(published.getParent(), root);
        durability.rename(file, published);
        verified.put(ref.uri(), FileIdentity.of(published));
        return ref;
    }

    private static void deleteQuietly(Path aside) {
        try {
            Files.deleteIfExists(aside);
        } catch (IOException ignored) {
            // A later sweep deletes it.
        }
    }

    /// Deletes temporary files of dead processes, and damaged files after their retention.
    private void sweep() {
        nextSweep.set(System.nanoTime() + SWEEP_NANOS);
        Instant now = Instant.now();
        damaged.sweep(now);
        try (Stream<Path> files = Files.list(aside)) {
            for (Path file : files.toList()) {
                if (Files.getLastModifiedTime(file).toInstant().isBefore(now.minus(ABANDONED))) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException goneMeanwhile) {
            // Another process sweeps or publishes at the same time; the next sweep deletes the rest.
        }
    }

    private FailureException failure(String what, long written, String message, Exception e) {
        if (FullDisk.isCauseOf(e)) {
            sweep();
            return FullDisk.failure(what, root, written, e);
        }
        return FailureException.resource("STORE_UNREACHABLE", message, e);
    }

    @Override
    public Path open(ArtifactRef ref) {
        Path file = path(ref);
        FileIdentity known = verified.get(ref.uri());
        try {
            if (known != null && known.equals(FileIdentity.of(file))) {
                return file;
            }
        } catch (IOException e) {
            // The check below reports the error.
        }
        check(ref);
        return file;
    }

    @Override
    public boolean holds(ArtifactRef ref) {
        try {
            open(ref);
            return true;
        } catch (FailureException failure) {
            if (failure.kind() == FailureKind.RESOURCE) {
                throw failure;
            }
            return false;
        }
    }

    @Override
    public void check(ArtifactRef ref) {
        verified.remove(ref.uri());
        Path file = path(ref);
        try {
            while (true) {
                FileIdentity found = FileIdentity.of(file);
                Optional<String> fault = fault(ref, file, found);
                if (fault.isEmpty()) {
                    // Store the identity from before the hash, so that a file changed meanwhile is hashed again.
                    verified.put(ref.uri(), found);
                    return;
                }
                if (damaged.take(file, found, Instant.now())) {
                    onDamage.accept(ref);
                    throw corrupt(ref, file, fault.get());
                }
                // Another process published the artifact again while it was read.
            }
        } catch (NoSuchFileException e) {
            if (damaged.of(file).isPresent()) {
                throw corrupt(ref, file, "was damaged");
            }
            throw FailureException.internal(
                    "ARTIFACT_MISSING",
                    "%s is not in the store at %s. If it was not pruned, publish the dataset again to create it again"
                            .formatted(ref.uri(), root),
                    e);
        } catch (IOException e) {
            throw FailureException.resource("STORE_UNREACHABLE", "Cannot read %s: %s".formatted(ref.uri(), e), e);
        }
    }

    private static Optional<String> fault(ArtifactRef ref, Path file, FileIdentity found) throws IOException {
        if (found.bytes() != ref.bytes()) {
            return Optional.of("has %d bytes instead of %d".formatted(found.bytes(), ref.bytes()));
        }
        String sha256 = sha256(file);
        return sha256.equals(ref.sha256()) ? Optional.empty() : Optional.of("hashes to " + sha256);
    }

    @Override
    public List<Stored> list(String kind) {
        Path folder = root.resolve(kind);
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<Stored> stored = new ArrayList<>();
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes of) {
                    String name = root.relativize(file).toString().replace('\\', '/');
                    stored.add(new Stored(
                            SCHEME + name, of.size(), of.lastModifiedTime().toInstant()));
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                    // A file that was deleted after its folder was read is not listed.
                    if (e instanceof NoSuchFileException) {
                        return FileVisitResult.CONTINUE;
                    }
                    throw e;
                }
            });
            return stored;
        } catch (IOException e) {
            throw FailureException.resource("STORE_UNREACHABLE", "Cannot list " + folder + ": " + e, e);
        }
    }

    @Override
    public void delete(Collection<String> uris) {
        for (String uri : uris) {
            try {
                forget(uri);
            } catch (IOException e) {
                throw FailureException.resource("STORE_UNREACHABLE", "Cannot delete %s: %s".formatted(uri, e), e);
            }
        }
    }

    /// @return path of the artifact's file, whether or not it exists
    public Path path(ArtifactRef ref) {
        return path(ref.uri());
    }

    private Path path(String uri) {
        Path file = root.resolve(uri.substring(SCHEME.length())).normalize();
        if (!file.startsWith(root)) {
            throw FailureException.input("ARTIFACT_OUTSIDE", "'%s' is outside the store".formatted(uri));
        }
        return file;
    }

    @Override
    public void mustBeWritable() {
        Path file = aside.resolve(UUID.randomUUID().toString());
        try {
            Files.write(file, new byte[PROBE_BYTES]);
        } catch (IOException e) {
            deleteQuietly(file);
            throw failure("any file", PROBE_BYTES, "Cannot write to the store at " + root + ": " + e, e);
        } finally {
            deleteQuietly(file);
        }
    }

    @Override
    public Path disk() {
        return root;
    }

    /// Deletes the file of an artifact, if it exists.
    void forget(String uri) throws IOException {
        verified.remove(uri);
        Files.deleteIfExists(path(uri));
    }

    private FailureException corrupt(ArtifactRef ref, Path file, String fault) {
        String where = damaged.of(file)
                .map(taken -> "The damaged file was moved to " + taken)
                .orElse("The damaged file could not be moved away and will be replaced");
        return FailureException.internal(
                "ARTIFACT_CORRUPT",
                "%s %s. %s. Publish the dataset again to create the artifact again".formatted(ref.uri(), fault, where),
                null);
    }

    private static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return Sha256.hex(in);
        }
    }
}
