package io.peregrine.simulator.disk;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.spi.FileSystemProvider;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/// A disk that loses everything that was not fsynced in a power failure: bytes of files, names and folders.
///
/// Its files are stored in a folder of this machine, so that they can be memory-mapped. [Durable] tracks what
/// would survive. Before each write the disk checks that the process is still alive.
public final class SimulatedDisk extends FileSystemProvider {
    /// Notified before each operation, so that a scheduler can switch to another activity first.
    @FunctionalInterface
    public interface Watcher {
        /// @param operation such as `move`
        /// @throws RuntimeException or Error, if the calling process is no longer alive
        void before(String operation);
    }

    /// Which calls of `fsync` this disk ignores.
    public enum Ignored {
        NOTHING,
        FILES,
        FOLDERS
    }

    private final Path root;
    private final FileSystem fileSystem = new DiskFileSystem(this);
    private final Watcher watcher;
    private Durable durable;
    private Ignored ignored = Ignored.NOTHING;

    /// @param root an empty folder of this machine
    public SimulatedDisk(Path root, Watcher watcher) throws IOException {
        this.root = Files.createDirectories(root.toAbsolutePath().normalize());
        this.watcher = watcher;
        this.durable = new Durable(this.root);
    }

    /// @return the root folder of the disk
    public Path root() {
        return new DiskPath(this, root);
    }

    /// Deletes everything.
    public void clear(Ignored fsync) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                if (!file.equals(root)) {
                    Files.delete(file);
                }
            }
        }
        durable = new Durable(root);
        ignored = fsync;
    }

    /// Simulates a power failure. For each name and each file's bytes that were not fsynced, the seed decides
    /// whether they are lost.
    public void cutPower(RandomGenerator random) throws IOException {
        durable.restore(random);
    }

    /// Marks everything as fsynced.
    public void settle() throws IOException {
        durable.settle();
    }

    FileSystem fileSystem() {
        return fileSystem;
    }

    void alive() {
        watcher.before("write");
    }

    void force(Path path) throws IOException {
        watcher.before("fsync");
        boolean folder = Files.isDirectory(path);
        if (ignored != (folder ? Ignored.FOLDERS : Ignored.FILES)) {
            if (folder) {
                durable.forceFolder(path);
            } else {
                durable.forceFile(path);
            }
        }
    }

    @Override
    public String getScheme() {
        return "simulated";
    }

    @Override
    public FileSystem newFileSystem(URI uri, Map<String, ?> environment) {
        throw new UnsupportedOperationException("create a simulated disk with its constructor");
    }

    @Override
    public FileSystem getFileSystem(URI uri) {
        return fileSystem;
    }

    @Override
    public Path getPath(URI uri) {
        return new DiskPath(this, Path.of(uri));
    }

    @Override
    public SeekableByteChannel newByteChannel(
            Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes) throws IOException {
        return newFileChannel(path, options, attributes);
    }

    @Override
    public FileChannel newFileChannel(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        Path real = DiskPath.real(path);
        boolean writes = options.contains(StandardOpenOption.WRITE) || options.contains(StandardOpenOption.APPEND);
        if (writes) {
            watcher.before("open");
        }
        FileChannel channel = FileChannel.open(real, options, attributes);
        if (writes) {
            durable.created(real);
        }
        return new DiskChannel(this, real, channel);
    }

    @Override
    public DirectoryStream<Path> newDirectoryStream(Path folder, DirectoryStream.Filter<? super Path> filter)
            throws IOException {
        java.util.List<Path> entries = new java.util.ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(DiskPath.real(folder))) {
            for (Path entry : all) {
                Path simulated = new DiskPath(this, entry);
                if (filter.accept(simulated)) {
                    entries.add(simulated);
                }
            }
        }
        // Sorted, because the order of this machine's file system does not depend on the seed.
        entries.sort(null);
        return new DirectoryStream<>() {
            @Override
            public java.util.Iterator<Path> iterator() {
                return entries.iterator();
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public void createDirectory(Path folder, FileAttribute<?>... attributes) throws IOException {
        Path real = DiskPath.real(folder);
        if (Files.isDirectory(real)) {
            throw new java.nio.file.FileAlreadyExistsException(real.toString());
        }
        watcher.before("mkdir");
        Files.createDirectory(real, attributes);
        durable.created(real);
    }

    @Override
    public void delete(Path path) throws IOException {
        Path real = DiskPath.real(path);
        if (!Files.exists(real, LinkOption.NOFOLLOW_LINKS)) {
            throw new java.nio.file.NoSuchFileException(real.toString());
        }
        watcher.before("delete");
        Files.delete(real);
        durable.deleted(real);
    }

    @Override
    public void copy(Path from, Path to, CopyOption... options) throws IOException {
        watcher.before("copy");
        Files.copy(DiskPath.real(from), DiskPath.real(to), options);
        durable.created(DiskPath.real(to));
    }

    @Override
    public void move(Path from, Path to, CopyOption... options) throws IOException {
        watcher.before("rename");
        Files.move(DiskPath.real(from), DiskPath.real(to), options);
        durable.moved(DiskPath.real(from), DiskPath.real(to));
    }

    @Override
    public boolean isSameFile(Path one, Path other) throws IOException {
        return Files.isSameFile(DiskPath.real(one), DiskPath.real(other));
    }

    @Override
    public boolean isHidden(Path path) throws IOException {
        return Files.isHidden(DiskPath.real(path));
    }

    @Override
    public FileStore getFileStore(Path path) throws IOException {
        return Files.getFileStore(DiskPath.real(path));
    }

    @Override
    public void checkAccess(Path path, AccessMode... modes) throws IOException {
        Path real = DiskPath.real(path);
        real.getFileSystem().provider().checkAccess(real, modes);
    }

    @Override
    public <V extends FileAttributeView> V getFileAttributeView(Path path, Class<V> type, LinkOption... options) {
        return Files.getFileAttributeView(DiskPath.real(path), type, options);
    }

    @Override
    public <A extends BasicFileAttributes> A readAttributes(Path path, Class<A> type, LinkOption... options)
            throws IOException {
        return Files.readAttributes(DiskPath.real(path), type, options);
    }

    @Override
    public Map<String, Object> readAttributes(Path path, String names, LinkOption... options) throws IOException {
        return Files.readAttributes(DiskPath.real(path), names, options);
    }

    @Override
    public void setAttribute(Path path, String name, Object value, LinkOption... options) throws IOException {
        watcher.before("write");
        Files.setAttribute(DiskPath.real(path), name, value, options);
    }
}
