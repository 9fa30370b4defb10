package io.peregrine.work.quarkus;

import org.jboss.logging.Logger;

/// Halts this process when it cannot continue, so that its supervisor restarts it: the launcher, `restart:
/// unless-stopped` of compose, or the kubelet.
///
/// It uses `halt`, because an orderly shutdown may wait for the thread that hangs. Work is durable, so a halt
/// costs no more than a kill.
final class ProcessEnd {
    /// Exit status of `-XX:+ExitOnOutOfMemoryError`.
    private static final int FATAL_ERROR = 3;
    /// Exit status when liveness was DOWN for too long.
    static final int UNHEALTHY = 4;

    private static final Logger LOG = Logger.getLogger(ProcessEnd.class);

    private ProcessEnd() {}

    static void after(VirtualMachineError fatal, String where) {
        try {
            LOG.fatalf(fatal, "Process halts after a fatal error where=%s", where);
        } finally {
            Runtime.getRuntime().halt(FATAL_ERROR);
        }
    }

    static void unhealthy(String why) {
        try {
            LOG.fatalf("Process halts because its liveness stays DOWN: %s", why);
        } finally {
            Runtime.getRuntime().halt(UNHEALTHY);
        }
    }
}
