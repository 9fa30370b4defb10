package io.peregrine.ingest;

import io.peregrine.ingest.format.NativeMessages;
import io.peregrine.ingest.pack.PackMaker;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.List;
import org.jboss.logging.Logger;

/// Logs what native decoders print on standard error, together with the files that are being decoded at that
/// moment.
@ApplicationScoped
class DecoderMessages {
    private static final Logger LOG = Logger.getLogger(DecoderMessages.class);

    private final PackMaker packs;
    private final IngestConfig config;
    private NativeMessages messages;

    DecoderMessages(PackMaker packs, IngestConfig config) {
        this.packs = packs;
        this.config = config;
    }

    void begin(@Observes StartupEvent start) {
        if (config.captureStderr()) {
            messages = NativeMessages.capture(this::log);
        }
    }

    private void log(String line) {
        List<String> files = packs.decoding();
        if (files.isEmpty()) {
            LOG.infof("standard error: %s", line);
        } else {
            LOG.infof("a native decoder reports \"%s\" while decoding %s", line, String.join(" or ", files));
        }
    }

    void end(@Observes ShutdownEvent end) {
        if (messages != null) {
            messages.close();
        }
    }
}
