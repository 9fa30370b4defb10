package io.peregrine.ingest;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.util.OptionalInt;

/// What the ingest service is told.
@ConfigMapping(prefix = "peregrine.ingest")
public interface IngestConfig {
    /// Threads that hash and decode images. As many as there are cores, when left out.
    OptionalInt threads();

    /// An image of more pixels is refused from its header, undecoded. No more pixels than these are decoded at
    /// once: at 3 to 7 bytes each the heap must have room for them.
    @WithDefault("100000000")
    long pixelsMax();

    /// A longer file is refused unread.
    @WithDefault("256M")
    MemorySize bytesMax();

    /// Whether lines that native libraries print on standard error are logged with the files that are being
    /// decoded. The lines themselves name no file.
    @WithDefault("true")
    boolean captureStderr();

    /// Where runs are answered for: the `Location` of a dataset that was published over REST lies there.
    @WithDefault("${peregrine.cluster.url:http://localhost:8084}")
    URI runsUrl();
}
