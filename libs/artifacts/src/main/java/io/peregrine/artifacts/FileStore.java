package io.peregrine.artifacts;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.Failure;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// A store that is a folder. Publication: write aside, hash, fsync, atomic rename, fsync the folder.
public final class FileStore implements ArtifactStore {
    private final Path root;
    private final Set<String> verified = ConcurrentHashMap.newKeySet();

    /// @param root the store's folder; made when missing
    public FileStore(Path root) {
        this.root = root.toAbsolutePath().normalize();
        try {
            Files.createDirectories(this.root.resolve("aside"));
        } catch (IOException e) {
            throw Failure.resource("STORE_UNREACHABLE", "the store's folder " + root + " cannot be made: " + e, e);
        }
    }

    @Override
    public ArtifactRef publish(String kind, String extension, Content content, Consumer<ArtifactRef> before) {
        Path aside = root.resolve("aside").resolve(UUID.randomUUID().toString());
        try {
            content.writeTo(aside);
            String sha256 = sha256(aside);
            ArtifactRef ref = new ArtifactRef(
                    SCHEME + kind + "/" + sha256.substring(0, 2) + "/" + sha256 + "." + extension,
                    sha256,
                    Files.size(aside));
            fsync(aside, StandardOpenOption.WRITE);
            before.accept(ref);
            Path published = path(ref);
            Files.createDirectories(published.getParent());
            move(aside, published);
            fsync(published.getParent(), StandardOpenOption.READ);
            verified.add(ref.uri());
            return ref;
        } catch (IOException | UncheckedIOException e) {
            throw Failure.resource("STORE_UNREACHABLE", "the store at " + root + " refuses a " + kind + ": " + e, e);
        } finally {
            try {
                Files.deleteIfExists(aside);
            } catch (IOException ignored) {
                // What lies aside is nobody's; it only takes room.
            }
        }
    }

    @Override
    public Path open(ArtifactRef ref) {
        Path file = path(ref);
        if (verified.contains(ref.uri()) && Files.isRegularFile(file)) {
            return file;
        }
        check(ref);
        return file;
    }

    @Override
    public void check(ArtifactRef ref) {
        verified.remove(ref.uri());
        Path file = path(ref);
        try {
            long bytes = Files.size(file);
            if (bytes != ref.bytes()) {
                throw corrupt(ref, "has %d bytes instead of %d".formatted(bytes, ref.bytes()));
            }
            String sha256 = sha256(file);
            if (!sha256.equals(ref.sha256())) {
                throw corrupt(ref, "hashes to " + sha256);
            }
            verified.add(ref.uri());
        } catch (NoSuchFileException e) {
            throw Failure.ours(
                    "ARTEFACT_MISSING", "%s is not in the store at %s; was it pruned?".formatted(ref.uri(), root), e);
        } catch (IOException e) {
            throw Failure.resource("STORE_UNREACHABLE", "%s cannot be read: %s".formatted(ref.uri(), e), e);
        }
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
                    // What another has deleted since its folder was read is not there.
                    if (e instanceof NoSuchFileException) {
                        return FileVisitResult.CONTINUE;
                    }
                    throw e;
                }
            });
            return stored;
        } catch (IOException e) {
            throw Failure.resource("STORE_UNREACHABLE", folder + " cannot be listed: " + e, e);
        }
    }

    @Override
    public void delete(Collection<String> uris) {
        for (String uri : uris) {
            try {
                forget(uri);
            } catch (IOException e) {
                throw Failure.resource("STORE_UNREACHABLE", "%s cannot be deleted: %s".formatted(uri, e), e);
            }
        }
    }

    /// @return where the artefact lies or would lie, unchecked
    public Path path(ArtifactRef ref) {
        return path(ref.uri());
    }

    private Path path(String uri) {
        Path file = root.resolve(uri.substring(SCHEME.length())).normalize();
        if (!file.startsWith(root)) {
            throw Failure.input("ARTEFACT_OUTSIDE", "'%s' leads out of the store".formatted(uri));
        }
        return file;
    }

    @Override
    public Path disk() {
        return root;
    }

    /// Deletes what is kept of an artefact, if anything is.
    void forget(String uri) throws IOException {
        verified.remove(uri);
        Files.deleteIfExists(path(uri));
    }

    private static Failure corrupt(ArtifactRef ref, String how) {
        return Failure.ours(
                "ARTEFACT_CORRUPT",
                "%s %s; delete the file and publish the dataset again".formatted(ref.uri(), how),
                null);
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            throw new IOException("the store must be one file system: " + e.getMessage(), e);
        }
    }

    private static void fsync(Path path, StandardOpenOption access) throws IOException {
        try (FileChannel channel = FileChannel.open(path, access)) {
            channel.force(true);
        }
    }

    private static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return sha256(in);
        }
    }

    /// @return of all that can be read
    static String sha256(InputStream in) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
