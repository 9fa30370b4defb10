package io.peregrine.artifacts;

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

/// Keeps a folder of artifacts within its bytes: what was opened longest ago goes first.
///
/// Whoever has a file open or mapped keeps it after its name is gone; between [ArtifactStore#open] and that
/// moment lies the time for which nothing is deleted.
final class RecentlyOpened {
    private record Kept(long bytes, long openedNanos) {}

    private final FileStore folder;
    private final long most;
    private final long spared;
    private final Map<String, Kept> kept = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    /// @param most bytes
    /// @param spared how long after it was opened a file is never deleted
    RecentlyOpened(FileStore folder, long most, Duration spared) {
        this.folder = folder;
        this.most = most;
        this.spared = spared.toNanos();
        // What an earlier process left is the oldest.
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
            throw FailureException.resource("STORE_UNREACHABLE", folder + " cannot be listed: " + e, e);
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

    /// Deletes all that was not opened just now: the disk has less room than the folder may take.
    ///
    /// @return whether there was anything
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
                // It stays and is counted; the next opening tries again.
                return;
            }
            bytes -= entry.getValue().bytes();
            eldest.remove();
        }
    }
}
