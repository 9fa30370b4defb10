package io.peregrine.work.jobs;

import java.util.Set;
import org.jboss.logging.Logger;

/// Error logging for loops that must never end.
final class LoopErrors {
    private LoopErrors() {}

    /// Logs the first error of each class. Throws nothing, even if memory or stack is exhausted.
    ///
    /// @param logged classes that were logged; to be cleared after a success
    static void log(Logger log, Set<Class<?>> logged, String what, Throwable error) {
        try {
            if (logged.add(error.getClass())) {
                log.warnf("%s: %s", what, error);
            }
        } catch (Throwable evenThat) {
            // Keeping the loop alive is more important than the log line.
        }
    }
}
