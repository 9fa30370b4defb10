package io.peregrine.artifacts.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Makes files survive a power failure. A file is durable once its bytes and the name of every folder on its path
/// are synced. The name of a file or folder is part of its parent folder, so that the parent must be synced, too.
public final class Durability {
    /// Flushes one file or folder to the disk, as `fsync` does.
    @FunctionalInterface
    public interface Sync {
        void sync(Path path) throws IOException;
    }

    private final Sync sync;
    private final Set<Path> durableFolders = ConcurrentHashMap.newKeySet();

    /// Syncs to the disk.
    public Durability() {
        this(Durability::syncToDisk);
    }

    /// @param sync called for every file and folder to be synced, in order
    public Durability(Sync sync) {
        this.sync = sync;
    }

    private static void syncToDisk(Path path) throws IOException {
        StandardOpenOption access = Files.isDirectory(path) ? StandardOpenOption.READ : StandardOpenOption.WRITE;
        try (FileChannel channel = FileChannel.open(path, access)) {
            channel.force(true);
        }
    }

    /// Creates a folder and its parents, and syncs the parent of each. A folder that exists already is also
    /// synced, once per process: the process that created it may have died before its own sync.
    ///
    /// @param folder created if missing, with its parents
    /// @param below an existing ancestor that is already durable
    public void createFolders(Path folder, Path below) throws IOException {
        if (durableFolders.contains(folder) && Files.isDirectory(folder)) {
            return;
        }
        Files.createDirectories(folder);
        Deque<Path> outermostFirst = new ArrayDeque<>();
        for (Path at = folder; !at.equals(below); at = at.getParent()) {
            outermostFirst.push(at);
        }
        for (Path created : outermostFirst) {
            sync.sync(created.getParent());
            durableFolders.add(created);
        }
    }

    /// Creates a folder and its parents. Syncs its own parent and the parent of each folder that was missing.
    ///
    /// @param folder absolute, with a parent
    public void createFolders(Path folder) throws IOException {
        Path existing = folder.getParent();
        while (!Files.isDirectory(existing) && existing.getParent() != null) {
            existing = existing.getParent();
        }
        createFolders(folder, existing);
    }

    /// Flushes a file's bytes.
    public void sync(Path file) throws IOException {
        sync.sync(file);
    }

    /// Renames a file whose bytes are synced, and syncs the folder. After this call the file survives a power
    /// failure under its new name. Before, the old file of that name does.
    public void rename(Path aside, Path named) throws IOException {
        try {
            Files.move(aside, named, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            throw new IOException(
                    "%s and %s must be on one file system: %s".formatted(aside, named, e.getMessage()), e);
        }
        sync.sync(named.getParent());
    }
}
