package io.peregrine.trainer.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.peregrine.artifacts.Durability;
import io.peregrine.artifacts.FullDisk;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
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

/// A job's resume states in the trainer's own folder: the last two that the job row named, gone when the job
/// ends.
///
/// The row names them with their checksums, the newer first. So a file that was written but not yet named is
/// passed over, and one that a disk has damaged is found before it is used; then the one before it serves.
public final class TrainingSnapshots {
    /// A state as the job row names it.
    ///
    /// @param name in the job's folder
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

    /// What can be gone on from.
    ///
    /// @param file empty, if the training must begin anew; it ends in the same bytes, later
    /// @param rejected one sentence for each state that was named and is of no use, the newer first
    public record Found(Optional<Path> file, List<String> rejected) {
        public Found {
            rejected = List.copyOf(rejected);
        }
    }

    private static final String HOME = "home";

    /// A buffer has at most an int's worth of bytes.
    private static final long PIECE_BYTES = 1 << 28;

    private final Path folder;
    private final Durability durability;
    private final long claim;
    private final Map<String, String> origin;
    private List<Saved> named;

    /// @param folder of this job alone
    /// @param claim a number that no other claim of the job has: a paused worker that wakes must not write into
    ///     its successor's files
    /// @param origin what a training is made of, such as digests of spec and input; a state of anything else is
    ///     passed over
    /// @param row what the job row has of [#row]; null for a job that never saved
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

    /// Tells a folder of resume states from others, wherever it is mounted.
    ///
    /// @param all the folder in which each job has its own
    /// @return what a file in it says, which is written when there is none; its path where that cannot be
    public static String home(Path all) {
        Path name = all.resolve(HOME);
        try {
            Files.createDirectories(all);
            if (!Files.exists(name)) {
                Path aside = Files.writeString(
                        all.resolve(HOME + "-" + UUID.randomUUID()),
                        UUID.randomUUID().toString());
                try {
                    // Of two that begin at once the first names it.
                    Files.createLink(name, aside);
                } catch (FileAlreadyExistsException named) {
                    // Read below.
                } finally {
                    Files.delete(aside);
                }
            }
            return Files.readString(name);
        } catch (IOException | UnsupportedOperationException e) {
            return all.toAbsolutePath().toString();
        }
    }

    /// Writes a state under a name that grows, durably: only then may the job row name it and older states go.
    ///
    /// @throws Failure RESOURCE `STORE_FULL` or `STATE_UNREACHABLE`
    public Saved write(TrainingProgress position, SafetensorsWriter state) {
        String name = "%06d-%08d-%d.safetensors".formatted(position.epoch(), position.batch(), claim);
        origin.forEach(state::metadata);
        Path aside = folder.resolve(name + ".part");
        try {
            durability.createFolders(folder);
            state.writeTo(aside);
            String checksum;
            try (FileChannel channel = FileChannel.open(aside, StandardOpenOption.READ)) {
                checksum = checksum(channel);
            }
            durability.sync(aside);
            durability.rename(aside, folder.resolve(name));
            return new Saved(name, checksum);
        } catch (IOException e) {
            long written = aside.toFile().length();
            deleteQuietly(aside);
            throw FullDisk.isCauseOf(e)
                    ? FullDisk.failure("a training's state", folder, written, e)
                    : unreachable(folder, e);
        }
    }

    private static void deleteQuietly(Path aside) {
        try {
            Files.deleteIfExists(aside);
        } catch (IOException ignored) {
            // It goes with the next state that is named.
        }
    }

    /// @return what the job row is to say once a state is good: that one, and the one before it
    public byte[] row(Saved newest) {
        return pair(newest).stream()
                .map(Saved::line)
                .collect(Collectors.joining("\n"))
                .getBytes(UTF_8);
    }

    private List<Saved> pair(Saved newest) {
        // A position that is saved twice is one state.
        return Stream.concat(Stream.of(newest), named.stream())
                .distinct()
                .limit(2)
                .toList();
    }

    /// Says that the job row holds [#row] now: all other files may go. Not sooner, or a database that is away
    /// would cost the files that the row still names.
    public void nowNamed(Saved newest) {
        named = pair(newest);
        List<String> names = named.stream().map(Saved::name).toList();
        try {
            remove(folder, name -> !names.contains(name));
        } catch (IOException e) {
            throw unreachable(folder, e);
        }
    }

    /// Looks for the newest state that is whole and of this origin. What is passed over is not named again.
    public Found find() {
        List<String> passedOver = new ArrayList<>();
        for (int i = 0; i < named.size(); i++) {
            Optional<String> fault = fault(named.get(i));
            if (fault.isEmpty()) {
                named = named.subList(i, named.size());
                return new Found(Optional.of(folder.resolve(named.getFirst().name())), passedOver);
            }
            passedOver.add(
                    "resume state %s %s".formatted(folder.resolve(named.get(i).name()), fault.get()));
        }
        named = List.of();
        return new Found(Optional.empty(), passedOver);
    }

    private Optional<String> fault(Saved saved) {
        Path file = folder.resolve(saved.name());
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            String checksum = checksum(channel);
            if (!checksum.equals(saved.checksum())) {
                return Optional.of("is damaged: its checksum is %s, not %s".formatted(checksum, saved.checksum()));
            }
        } catch (NoSuchFileException gone) {
            return Optional.of("is not there");
        } catch (IOException e) {
            throw unreachable(folder, e);
        }
        try (Safetensors state = Safetensors.open(file)) {
            return origin.entrySet().stream()
                    .filter(entry -> !entry.getValue().equals(state.metadata().get(entry.getKey())))
                    .map(entry -> "is of another training: its %s is %s, not %s"
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
    public void forget() {
        forget(folder);
    }

    private static void forgetIfPossible(Path folder) {
        try {
            forget(folder);
        } catch (FailureException stays) {
            // The next training tries again.
        }
    }

    private static void forget(Path folder) {
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

    /// Removes what jobs have left that ended while nobody could tidy up: cancelled in the queue, failed for
    /// good. A folder that cannot be removed stays, and stops no training.
    ///
    /// @param all the folder in which each job has its own
    /// @param isOpen whether the job whose folder has this name may still go on
    public static void sweep(Path all, Predicate<String> isOpen) {
        if (!Files.isDirectory(all)) {
            return;
        }
        try (Stream<Path> folders = Files.list(all)) {
            folders.filter(Files::isDirectory)
                    .filter(folder -> !isOpen.test(folder.getFileName().toString()))
                    .forEach(TrainingSnapshots::forgetIfPossible);
        } catch (IOException e) {
            throw unreachable(all, e);
        }
    }

    private static FailureException unreachable(Path folder, IOException e) {
        return FailureException.resource(
                "STATE_UNREACHABLE", "the trainer's folder %s refuses: %s".formatted(folder, e), e);
    }
}
