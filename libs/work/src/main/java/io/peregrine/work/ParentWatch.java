package io.peregrine.work;

import io.quarkus.runtime.Startup;
import jakarta.inject.Singleton;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/// Ends this service when the launcher that started it is gone: also a launcher killed by `kill -9` leaves no
/// process and no port behind. Containers and other supervisors do not set `peregrine.parent`.
@Startup
@Singleton
class ParentWatch {
    private static final Logger LOG = Logger.getLogger(ParentWatch.class);

    ParentWatch(@ConfigProperty(name = "peregrine.parent") Optional<Long> parent) {
        parent.ifPresent(pid -> ProcessHandle.of(pid)
                .ifPresentOrElse(launcher -> launcher.onExit().thenRun(ParentWatch::end), ParentWatch::end));
    }

    private static void end() {
        LOG.info("the launcher is gone; ending as after a kill");
        Runtime.getRuntime().halt(0);
    }
}
