package io.peregrine.work.quarkus;

import io.quarkus.runtime.Startup;
import jakarta.inject.Singleton;
import java.util.Optional;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/// Halts this service when the launcher that started it has exited. So even a launcher killed by `kill -9` leaves
/// no process and no port behind. Containers and other supervisors do not set `peregrine.parent`.
@Startup
@Singleton
class ParentWatch {
    private static final Logger LOG = Logger.getLogger(ParentWatch.class);

    ParentWatch(@ConfigProperty(name = "peregrine.parent") Optional<Long> parent) {
        parent.ifPresent(pid -> ancestor(pid)
                .ifPresentOrElse(launcher -> launcher.onExit().thenRun(ParentWatch::end), ParentWatch::end));
    }

    /// Search only this process's ancestors: if the launcher has exited already, another process may have its
    /// pid.
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
        LOG.info("Launcher exited; halting");
        Runtime.getRuntime().halt(0);
    }
}
