package io.peregrine.artifacts.store;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Keeps a folder of artifacts below a size limit by deleting the least recently opened files.
///
/// A process can still read a file that it has opened or mapped after the file's name is deleted. Between
/// [ArtifactStore#open] and that moment the grace period protects the file.
final class RecentlyOpened {
    private record Kept(long bytes, long openedNanos) {}

    private final FileStore folder;
    private final long most;
    private final long spared;
    private final Map<String, Kept> kept = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    /// @param most maximum number of bytes
    /// @param spared grace period after opening in which a file is never deleted
    RecentlyOpened(FileStore folder, long most, Duration spared) {
        this.folder = folder;
        this.most = most;
        this.spared = spared.toNanos();
        // Files of an earlier process are the oldest.
        for (Path file : leftBehind(folder.disk())) {
            String uri = ArtifactStore.SCHEME
                    + folder.disk().relativize(file).toString().replace('\\', '/');
            add(uri, file.toFile().length(), System.nanoTime() - this.spared);
        }
    }

    private static List<Path> leftBehind(Path folder) {
        Path aside = folder.resolve("aside");
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> Files.isRegularFile(file) && !file.startsWith(aside))
                    .sorted(Comparator.comparingLong(file -> file.toFile().lastModified()))
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            throw FailureException.resource("STORE_UNREACHABLE", "Cannot list " + folder + ": " + e, e);
        }
    }

    private void add(String uri, long size, long openedNanos) {
        Kept before = kept.put(uri, new Kept(size, openedNanos));
        bytes += size - (before == null ? 0 : before.bytes());
    }

    synchronized void opened(ArtifactRef ref) {
        add(ref.uri(), ref.bytes(), System.nanoTime());
        shrinkTo(most);
    }

    /// Deletes all files outside their grace period, because the disk has less space than the folder's limit.
    ///
    /// @return whether anything was deleted
    synchronized boolean makeRoom() {
        long before = bytes;
        shrinkTo(0);
        return bytes < before;
    }

    private void shrinkTo(long target) {
        long now = System.nanoTime();
        Iterator<Map.Entry<String, Kept>> eldest = kept.entrySet().iterator();
        while (bytes > target && eldest.hasNext()) {
            Map.Entry<String, Kept> entry = eldest.next();
            if (now - entry.getValue().openedNanos() < spared) {
                break;
            }
            try {
                folder.forget(entry.getKey());
            } catch (IOException e) {
                // The file stays and is counted; the next opening retries.
                return;
            }
            bytes -= entry.getValue().bytes();
            eldest.remove();
        }
    }
}
