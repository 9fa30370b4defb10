package io.peregrine.work;

import io.quarkus.runtime.Startup;
import jakarta.inject.Singleton;
import java.util.Optional;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/// Ends this service when the launcher that started it is gone: also a launcher killed by `kill -9` leaves no
/// process and no port behind. Containers and other supervisors do not set `peregrine.parent`.
@Startup
@Singleton
class ParentWatch {
    private static final Logger LOG = Logger.getLogger(ParentWatch.class);

    ParentWatch(@ConfigProperty(name = "peregrine.parent") Optional<Long> parent) {
        parent.ifPresent(pid -> ancestor(pid)
                .ifPresentOrElse(launcher -> launcher.onExit().thenRun(ParentWatch::end), ParentWatch::end));
    }

    /// Only among our ancestors: if the launcher is gone already, its number may be another process's by now.
    private static Optional<ProcessHandle> ancestor(long pid) {
        return Stream.iterate(
                        ProcessHandle.current().parent(),
                        Optional::isPresent,
                        process -> process.flatMap(ProcessHandle::parent))
                .flatMap(Optional::stream)
                .filter(process -> process.pid() == pid)
                .findFirst();
    }

    private static void end() {
        LOG.info("the launcher is gone; ending as after a kill");
        Runtime.getRuntime().halt(0);
    }
}
