package io.peregrine.ingest.format;

import io.peregrine.events.spec.RunSpec.Orientation;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Decodes all files of a folder without any service, for comparisons with other decoders: `./peregrine bench
/// decode`.
public final class DecodeFolder {
    private static final long PIXELS_MAX = 100_000_000;

    private DecodeFolder() {}

    /// Writes for each file, in the order of their names: name, `ok` or the reason of refusal, detail (texts with
    /// a 16-bit length), width, height (32 bits, big-endian), and the pixels u8 [height, width, 3], oriented and
    /// over white.
    ///
    /// @param arguments a folder of files, and the file to write
    public static void main(String[] arguments) throws IOException {
        ImageDecoder decoder = new ImageDecoder(PIXELS_MAX);
        List<Path> files;
        try (Stream<Path> all = Files.list(Path.of(arguments[0]))) {
            files = all.sorted().toList();
        }
        try (DataOutputStream out =
                new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(Path.of(arguments[1]))))) {
            for (Path file : files) {
                out.writeUTF(file.getFileName().toString());
                try {
                    Raster image = decoder.decode(Files.readAllBytes(file), Orientation.APPLY);
                    write(out, "ok", "", image);
                } catch (ImageRejectedException refused) {
                    write(out, refused.reason().name(), refused.getMessage(), new Raster(0, 0, new byte[0]));
                }
            }
        }
    }

    private static void write(DataOutputStream out, String verdict, String detail, Raster image) throws IOException {
        out.writeUTF(verdict);
        out.writeUTF(detail);
        out.writeInt(image.width());
        out.writeInt(image.height());
        out.write(image.rgb());
    }
}
