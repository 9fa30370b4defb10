package io.peregrine.work;

import org.jboss.logging.Logger;

/// Ends this process at once when it cannot go on, so that whoever supervises it starts it again: the launcher,
/// `restart: unless-stopped` of compose, the kubelet.
///
/// `halt`, because an orderly shutdown may wait for the very thread that hangs. Work is durable, so that a halt
/// costs no more than a kill.
final class ProcessEnd {
    /// What `-XX:+ExitOnOutOfMemoryError` exits with.
    private static final int FATAL_ERROR = 3;
    /// Liveness was DOWN for too long.
    static final int UNHEALTHY = 4;

    private static final Logger LOG = Logger.getLogger(ProcessEnd.class);

    private ProcessEnd() {}

    static void after(VirtualMachineError fatal, String where) {
        try {
            LOG.fatalf(fatal, "process halts after a fatal error where=%s", where);
        } finally {
            Runtime.getRuntime().halt(FATAL_ERROR);
        }
    }

    static void unhealthy(String why) {
        try {
            LOG.fatalf("process halts because its liveness stays DOWN: %s", why);
        } finally {
            Runtime.getRuntime().halt(UNHEALTHY);
        }
    }
}
