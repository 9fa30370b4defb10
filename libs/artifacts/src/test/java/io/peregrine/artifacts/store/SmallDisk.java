package io.peregrine.artifacts.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/// A real file system of a few megabytes. If mounting is not allowed, the test is skipped.
public final class SmallDisk implements AutoCloseable {
    private final Path folder;

    private SmallDisk(Path folder) {
        this.folder = folder;
    }

    /// @param folder empty folder on which the disk is mounted
    public static SmallDisk mount(Path folder, int megabytes) throws IOException, InterruptedException {
        int result = run("mount", "-t", "tmpfs", "-o", "size=%dm".formatted(megabytes), "peregrine", folder.toString());
        Assumptions.assumeTrue(
                result == 0, "skipped: a full disk is tested on a mounted tmpfs, and mounting is not allowed here");
        return new SmallDisk(folder);
    }

    public Path folder() {
        return folder;
    }

    private static int run(String... command) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException noSuchProgram) {
            return -1;
        }
        process.getInputStream().readAllBytes();
        return process.waitFor(10, TimeUnit.SECONDS) ? process.exitValue() : -1;
    }

    @Override
    public void close() throws IOException, InterruptedException {
        run("umount", folder.toString());
    }
}
