package io.peregrine.ingest.dataset;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.peregrine.events.Sha256;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec.ImageSpec;
import io.peregrine.ingest.format.ImageDecoder;
import io.peregrine.ingest.image.Resize;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;

/// Identifiers of images and packs.
public final class ContentKeys {
    /// SHA-256 of empty input. A file that cannot be read is listed with it.
    static final String OF_NOTHING = Sha256.hex();

    private ContentKeys() {}

    /// @param path in the class folder
    /// @return first 32 hexadecimal digits of SHA-256(split ‖ 0 ‖ class ‖ 0 ‖ path): the same in every run
    public static String imageId(Split split, String label, String path) {
        return Sha256.hex((split.jsonName() + '\0' + label + '\0' + path).getBytes(UTF_8))
                .substring(0, 32);
    }

    /// @param contents SHA-256 of the pack's listed files, in row order
    /// @return key of the pack for reuse in later runs: a hash of everything that its pixels and rejections
    ///     depend on
    public static String decodeKey(List<String> contents, ImageSpec image, long pixelsMax, long bytesMax) {
        MessageDigest key = Sha256.newDigest();
        String way = String.join(
                "\n",
                ImageDecoder.VERSION,
                Resize.RULE,
                image.fit().jsonName(),
                image.orientation().jsonName(),
                "side " + image.side(),
                "pixels " + pixelsMax,
                "bytes " + bytesMax);
        key.update(way.getBytes(UTF_8));
        contents.forEach(content -> key.update(("\n" + content).getBytes(UTF_8)));
        return HexFormat.of().formatHex(key.digest());
    }

    /// Reads a file of any length in pieces.
    static String of(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return Sha256.hex(in);
        }
    }
}
