package io.peregrine.simulator.disk;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Iterator;

/// A path on a [SimulatedDisk]: a path of this machine together with its disk.
final class DiskPath implements Path {
    private final SimulatedDisk disk;
    private final Path real;

    DiskPath(SimulatedDisk disk, Path real) {
        this.disk = disk;
        this.real = real;
    }

    Path real() {
        return real;
    }

    private Path on(Path other) {
        return other == null ? null : new DiskPath(disk, other);
    }

    static Path real(Path path) {
        return path instanceof DiskPath simulated ? simulated.real : path;
    }

    @Override
    public FileSystem getFileSystem() {
        return disk.fileSystem();
    }

    @Override
    public boolean isAbsolute() {
        return real.isAbsolute();
    }

    @Override
    public Path getRoot() {
        return on(real.getRoot());
    }

    @Override
    public Path getFileName() {
        return on(real.getFileName());
    }

    @Override
    public Path getParent() {
        return on(real.getParent());
    }

    @Override
    public int getNameCount() {
        return real.getNameCount();
    }

    @Override
    public Path getName(int index) {
        return on(real.getName(index));
    }

    @Override
    public Path subpath(int from, int to) {
        return on(real.subpath(from, to));
    }

    @Override
    public boolean startsWith(Path other) {
        return real.startsWith(real(other));
    }

    @Override
    public boolean endsWith(Path other) {
        return real.endsWith(real(other));
    }

    @Override
    public Path normalize() {
        return on(real.normalize());
    }

    @Override
    public Path resolve(Path other) {
        return on(real.resolve(real(other)));
    }

    @Override
    public Path relativize(Path other) {
        return on(real.relativize(real(other)));
    }

    @Override
    public URI toUri() {
        return real.toUri();
    }

    @Override
    public Path toAbsolutePath() {
        return on(real.toAbsolutePath());
    }

    @Override
    public Path toRealPath(LinkOption... options) throws IOException {
        return on(real.toRealPath(options));
    }

    @Override
    public WatchKey register(WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers) {
        throw new UnsupportedOperationException("a simulated disk does not support watch services");
    }

    @Override
    public int compareTo(Path other) {
        return real.compareTo(real(other));
    }

    @Override
    public Iterator<Path> iterator() {
        Iterator<Path> names = real.iterator();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return names.hasNext();
            }

            @Override
            public Path next() {
                return on(names.next());
            }
        };
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DiskPath path && path.disk == disk && path.real.equals(real);
    }

    @Override
    public int hashCode() {
        return real.hashCode();
    }

    @Override
    public String toString() {
        return real.toString();
    }
}
