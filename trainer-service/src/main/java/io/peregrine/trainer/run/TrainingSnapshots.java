package io.peregrine.trainer.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.artifacts.store.Durability;
import io.peregrine.artifacts.store.FullDisk;
import io.peregrine.events.FailureException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/// Snapshots of a job in the trainer's own folder: the last two that the job row names. They are deleted when the
/// job ends.
///
/// The row names them with their checksums, the newer first. A file that was written but not yet named is
/// ignored. A file that the disk has damaged is detected before use; then the previous snapshot is used.
public final class TrainingSnapshots {
    /// A snapshot as the job row names it.
    ///
    /// @param name file name in the job's folder
    /// @param checksum CRC-32C (RFC 3720, appendix B.4) of the whole file, in 8 hexadecimal digits
    public record Saved(String name, String checksum) {
        private static Saved read(String line) {
            String[] words = line.split(" ");
            return new Saved(words[0], words[1]);
        }

        private String line() {
            return name + " " + checksum;
        }
    }

    /// The snapshot to resume from.
    ///
    /// @param file empty if the training must restart from scratch; it ends in the same bytes, later
    /// @param rejected one sentence for each named snapshot that cannot be used, the newer first
    public record Found(Optional<Path> file, List<String> rejected) {
        public Found {
            rejected = List.copyOf(rejected);
        }
    }

    private static final String HOME = "home";

    /// A `ByteBuffer` has at most `Integer.MAX_VALUE` bytes.
    private static final long PIECE_BYTES = 1 << 28;

    private final Path folder;
    private final Durability durability;
    private final long claim;
    private final Map<String, String> origin;
    private List<Saved> named;

    /// @param folder used by this job only
    /// @param claim fencing number of the job's lease: a paused worker that resumes must not write into its
    ///     successor's files
    /// @param origin identity of the training's input, such as digests of spec and data; a snapshot with another
    ///     origin is rejected
    /// @param row the job row's copy of [#row]; null if the job never saved
    public TrainingSnapshots(Path folder, long claim, Map<String, String> origin, byte[] row) {
        this(folder, claim, origin, row, new Durability());
    }

    TrainingSnapshots(Path folder, long claim, Map<String, String> origin, byte[] row, Durability durability) {
        this.folder = folder.toAbsolutePath();
        this.durability = durability;
        this.claim = claim;
        this.origin = Map.copyOf(origin);
        this.named = row == null
                ? List.of()
                : new String(row, UTF_8).lines().map(Saved::read).toList();
    }

    /// Identifies a snapshot folder, independent of where it is mounted.
    ///
    /// @param all the parent folder of all jobs' folders
    /// @return content of its identity file, which is created if missing; the folder's path if that fails
    public static String home(Path all) {
        Path name = all.resolve(HOME);
        try {
            Files.createDirectories(all);
            if (!Files.exists(name)) {
                Path temporary = Files.writeString(
                        all.resolve(HOME + "-" + UUID.randomUUID()),
                        UUID.randomUUID().toString());
                try {
                    // If two processes start at once, the first one names it.
                    Files.createLink(name, temporary);
                } catch (FileAlreadyExistsException named) {
                    // Read below.
                } finally {
                    Files.delete(temporary);
                }
            }
            return Files.readString(name);
        } catch (IOException | UnsupportedOperationException e) {
            return all.toAbsolutePath().toString();
        }
    }

    /// Writes a snapshot durably, under a name that increases. Only then may the job row name it and older
    /// snapshots be deleted.
    ///
    /// @throws FailureException RESOURCE `STORE_FULL` or `STATE_UNREACHABLE`
    public Saved write(TrainingProgress position, SafetensorsWriter state) {
        String name = "%06d-%08d-%d.safetensors".formatted(position.epoch(), position.batch(), claim);
        origin.forEach(state::metadata);
        Path temporary = folder.resolve(name + ".part");
        try {
            durability.createFolders(folder);
            state.writeTo(temporary);
            String checksum;
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.READ)) {
                checksum = checksum(channel);
            }
            durability.sync(temporary);
            durability.rename(temporary, folder.resolve(name));
            return new Saved(name, checksum);
        } catch (IOException e) {
            long written = temporary.toFile().length();
            deleteQuietly(temporary);
            throw FullDisk.isCauseOf(e)
                    ? FullDisk.failure("a training's snapshot", folder, written, e)
                    : unreachable(folder, e);
        }
    }

    private static void deleteQuietly(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException ignored) {
            // It is deleted after the next snapshot is named.
        }
    }

    /// @return content of the job row after a successful save: this snapshot and the previous one
    public byte[] row(Saved newest) {
        return pair(newest).stream()
                .map(Saved::line)
                .collect(Collectors.joining("\n"))
                .getBytes(UTF_8);
    }

    private List<Saved> pair(Saved newest) {
        // If the same progress is saved twice, it is one snapshot.
        return Stream.concat(Stream.of(newest), named.stream())
                .distinct()
                .limit(2)
                .toList();
    }

    /// Records that the job row now holds [#row], and deletes all other files. An earlier call could delete files
    /// that the row still names, if the database is unavailable.
    public void nowNamed(Saved newest) {
        named = pair(newest);
        List<String> names = named.stream().map(Saved::name).toList();
        try {
            remove(folder, name -> !names.contains(name));
        } catch (IOException e) {
            throw unreachable(folder, e);
        }
    }

    /// Finds the newest snapshot that is undamaged and has this origin. Rejected ones are not named again.
    public Found find() {
        List<String> rejected = new ArrayList<>();
        for (int i = 0; i < named.size(); i++) {
            Optional<String> fault = fault(named.get(i));
            if (fault.isEmpty()) {
                named = named.subList(i, named.size());
                return new Found(Optional.of(folder.resolve(named.getFirst().name())), rejected);
            }
            rejected.add("snapshot %s %s".formatted(folder.resolve(named.get(i).name()), fault.get()));
        }
        named = List.of();
        return new Found(Optional.empty(), rejected);
    }

    private Optional<String> fault(Saved saved) {
        Path file = folder.resolve(saved.name());
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            String checksum = checksum(channel);
            if (!checksum.equals(saved.checksum())) {
                return Optional.of("is damaged: its checksum is %s, not %s".formatted(checksum, saved.checksum()));
            }
        } catch (NoSuchFileException gone) {
            return Optional.of("is missing");
        } catch (IOException e) {
            throw unreachable(folder, e);
        }
        try (Safetensors state = Safetensors.open(file)) {
            return origin.entrySet().stream()
                    .filter(entry -> !entry.getValue().equals(state.metadata().get(entry.getKey())))
                    .map(entry -> "belongs to another training: its %s is %s, not %s"
                            .formatted(entry.getKey(), state.metadata().get(entry.getKey()), entry.getValue()))
                    .findFirst();
        }
    }

    private static String checksum(FileChannel channel) throws IOException {
        CRC32C sum = new CRC32C();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            for (long at = 0; at < file.byteSize(); at += PIECE_BYTES) {
                sum.update(file.asSlice(at, Math.min(PIECE_BYTES, file.byteSize() - at))
                        .asByteBuffer());
            }
        }
        return "%08x".formatted(sum.getValue());
    }

    /// Removes the job's folder.
    public void delete() {
        delete(folder);
    }

    private static void deleteIfPossible(Path folder) {
        try {
            delete(folder);
        } catch (FailureException ignored) {
            // The next training tries again.
        }
    }

    private static void delete(Path folder) {
        try {
            remove(folder, name -> true);
            Files.deleteIfExists(folder);
        } catch (NoSuchFileException gone) {
            // Nothing was ever written.
        } catch (IOException e) {
            throw unreachable(folder, e);
        }
    }

    private static void remove(Path folder, Predicate<String> which) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.filter(file -> which.test(file.getFileName().toString()))
                    .toList();
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }

    /// Deletes folders of jobs that ended without cleanup: cancelled in the queue or permanently failed. If a
    /// folder cannot be deleted, it ignored, and the training continues.
    ///
    /// @param all the parent folder of all jobs' folders
    /// @param isOpen whether the job with this folder name may still run
    public static void sweep(Path all, Predicate<String> isOpen) {
        if (!Files.isDirectory(all)) {
            return;
        }
        try (Stream<Path> folders = Files.list(all)) {
            folders.filter(Files::isDirectory)
                    .filter(folder -> !isOpen.test(folder.getFileName().toString()))
                    .forEach(TrainingSnapshots::deleteIfPossible);
        } catch (IOException e) {
            throw unreachable(all, e);
        }
    }

    private static FailureException unreachable(Path folder, IOException e) {
        return FailureException.resource(
                "STATE_UNREACHABLE", "cannot use the trainer's folder %s: %s".formatted(folder, e), e);
    }
}
