package io.peregrine.artifacts.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Damaged files of a store, moved away for inspection: `damaged/SHA256.EXT.MILLIS`.
///
/// Limited to the newest [#MAX_FILES], each for [#RETENTION].
final class DamagedFiles {
    static final int MAX_FILES = 32;
    static final Duration RETENTION = Duration.ofDays(7);

    private final Path folder;

    DamagedFiles(Path folder) {
        this.folder = folder;
    }

    /// Moves a damaged file out of the store. If the move fails, the file keeps its name: publishing replaces it.
    ///
    /// @param damaged identity of the damaged file; another file that has its name by now is left in place
    /// @return false if the name now belongs to another file or to none
    boolean take(Path file, FileIdentity damaged, Instant now) {
        Path taken = folder.resolve(file.getFileName() + "." + now.toEpochMilli());
        try {
            Files.createDirectories(folder);
            Files.move(file, taken, StandardCopyOption.ATOMIC_MOVE);
            if (!FileIdentity.of(taken).isRenamed(damaged)) {
                // Another process published the artifact again between the check and the move.
                Files.move(taken, file, StandardCopyOption.ATOMIC_MOVE);
                return false;
            }
            sweep(now);
            return true;
        } catch (NoSuchFileException gone) {
            return false;
        } catch (IOException refused) {
            return true;
        }
    }

    /// @return location of the damaged file that had this name, if it still exists
    Optional<Path> of(Path file) {
        String prefix = file.getFileName() + ".";
        return files().stream()
                .filter(taken -> taken.getFileName().toString().startsWith(prefix))
                .findFirst();
    }

    /// Deletes files that are too old or too many.
    void sweep(Instant now) {
        List<Path> newestFirst = files();
        for (int i = 0; i < newestFirst.size(); i++) {
            Path taken = newestFirst.get(i);
            if (i >= MAX_FILES || takenMillis(taken) < now.minus(RETENTION).toEpochMilli()) {
                try {
                    Files.deleteIfExists(taken);
                } catch (IOException nextTime) {
                    // The file only occupies space.
                }
            }
        }
    }

    private List<Path> files() {
        try (Stream<Path> all = Files.list(folder)) {
            return all.sorted(
                            Comparator.comparingLong(DamagedFiles::takenMillis).reversed())
                    .toList();
        } catch (IOException none) {
            return List.of();
        }
    }

    private static long takenMillis(Path taken) {
        String name = taken.getFileName().toString();
        try {
            return Long.parseLong(name.substring(name.lastIndexOf('.') + 1));
        } catch (NumberFormatException foreign) {
            // Do not delete files that this class did not create.
            return Long.MAX_VALUE;
        }
    }
}
