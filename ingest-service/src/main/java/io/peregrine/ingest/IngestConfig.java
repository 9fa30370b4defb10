package io.peregrine.ingest;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.util.OptionalInt;

/// Settings of the ingest service.
@ConfigMapping(prefix = "peregrine.ingest")
public interface IngestConfig {
    /// Threads that hash and decode images. Default: the number of cores.
    OptionalInt threads();

    /// Limit of the pixels of one image, and of all images that are being decoded at once. A larger image is
    /// rejected after its header was read, without decoding. Decoding needs 3 to 7 bytes of heap per pixel.
    @WithDefault("100000000")
    long pixelsMax();

    /// Limit of a file's length. A longer file is rejected unread.
    @WithDefault("256M")
    MemorySize bytesMax();

    /// Whether lines that native libraries print on standard error are logged together with the files that are
    /// being decoded. The lines themselves contain no file name.
    @WithDefault("true")
    boolean captureStderr();

    /// Base address of the service that serves runs. The `Location` of a dataset that was published over REST is
    /// below it.
    @WithDefault("${peregrine.cluster.url:http://localhost:8084}")
    URI runsUrl();
}
