package io.peregrine.ingest.format;

import io.peregrine.events.spec.RunSpec.ImageSpec;
import io.peregrine.ingest.image.ImageRejectedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/// A decoder that kills its own process when it decodes a certain file, as a native decoder may do. It appends
/// one byte to a file for each death.
public final class DyingDecoder extends ImageDecoder {
    private final byte[] deadly;
    private final Path deaths;
    private final int times;

    public DyingDecoder(byte[] deadly, Path deaths, int times) {
        super(100_000_000);
        this.deadly = deadly;
        this.deaths = deaths;
        this.times = times;
    }

    @Override
    public byte[] square(byte[] file, ImageSpec image) throws ImageRejectedException, InterruptedException {
        if (Arrays.equals(file, deadly)) {
            try {
                if (!Files.exists(deaths) || Files.size(deaths) < times) {
                    Files.write(deaths, new byte[1], StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                    String pid = Long.toString(ProcessHandle.current().pid());
                    new ProcessBuilder("kill", "-KILL", pid).start().waitFor();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return super.square(file, image);
    }
}
