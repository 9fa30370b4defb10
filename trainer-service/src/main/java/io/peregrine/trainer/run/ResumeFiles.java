package io.peregrine.trainer.run;

import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.Failure;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// A job's resume state in the trainer's own folder: the last two that the job row named, gone when the job ends.
///
/// The job row names the file that is good; one that was written but not yet named is passed over.
public final class ResumeFiles {
    private final Path folder;
    private String named;

    /// @param folder of this job alone
    public ResumeFiles(Path folder) {
        this.folder = folder;
    }

    /// Writes a state under a name that grows, durably.
    ///
    /// @return the file's name, for the job row
    public String write(Position position, SafetensorsWriter state) {
        String name = "%06d-%08d.safetensors".formatted(position.epoch(), position.batch());
        try {
            Files.createDirectories(folder);
            Path aside = folder.resolve(name + ".part");
            state.writeTo(aside);
            try (FileChannel channel = FileChannel.open(aside, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            Files.move(
                    aside, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return name;
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    /// Says that the job row names a file now: all but that one and the one it named before may go. Not sooner, or a
    /// database that is away would cost the file that the row still names.
    public void nowNamed(String name) {
        try {
            forgetAllBut(named == null ? List.of(name) : List.of(name, named));
            named = name;
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    /// @param name which the job row names
    /// @return the file of that name, if it is still there; without it a training begins anew, to the same bytes
    public Optional<Path> find(String name) {
        named = name;
        return Optional.of(folder.resolve(name)).filter(Files::isRegularFile);
    }

    private void forgetAllBut(List<String> names) throws IOException {
        for (Path file : files()) {
            if (!names.contains(file.getFileName().toString())) {
                Files.deleteIfExists(file);
            }
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.toList();
        }
    }

    /// Removes the job's folder.
    public void forget() {
        try {
            forgetAllBut(List.of());
            Files.deleteIfExists(folder);
        } catch (NoSuchFileException gone) {
            // Nothing was ever written.
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    /// Removes what jobs have left that ended while nobody could tidy up: cancelled in the queue, failed for good.
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
                    .forEach(folder -> new ResumeFiles(folder).forget());
        } catch (IOException e) {
            throw new ResumeFiles(all).unreachable(e);
        }
    }

    private Failure unreachable(IOException e) {
        return Failure.resource("STATE_UNREACHABLE", "the trainer's folder %s refuses: %s".formatted(folder, e), e);
    }
}
