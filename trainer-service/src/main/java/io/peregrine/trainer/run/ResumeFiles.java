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
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A job's resume state in the trainer's own folder: the last two, gone when the job ends.
///
/// The job row names the file that is good; one that was written but not yet named is passed over.
public final class ResumeFiles {
    private static final int KEPT = 2;

    private final Path folder;

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
            forgetAllBut(KEPT);
            return name;
        } catch (IOException e) {
            throw Failure.resource("STATE_UNREACHABLE", "the trainer's folder %s refuses: %s".formatted(folder, e), e);
        }
    }

    /// @return the file of that name, if it is still there; without it a training begins anew, to the same bytes
    public Optional<Path> find(String name) {
        return Optional.of(folder.resolve(name)).filter(Files::isRegularFile);
    }

    private void forgetAllBut(int newest) throws IOException {
        List<Path> files = files();
        for (Path old : files.subList(0, Math.max(0, files.size() - newest))) {
            Files.deleteIfExists(old);
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.sorted(Comparator.comparing(Path::getFileName)).toList();
        }
    }

    /// Removes the job's folder.
    public void forget() {
        try {
            forgetAllBut(0);
            Files.deleteIfExists(folder);
        } catch (NoSuchFileException gone) {
            // Nothing was ever written.
        } catch (IOException e) {
            throw Failure.resource("STATE_UNREACHABLE", "the trainer's folder %s refuses: %s".formatted(folder, e), e);
        }
    }
}
