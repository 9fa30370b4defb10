package io.peregrine.work;

import java.util.Set;
import org.jboss.logging.Logger;

/// What loops have in common that serve everybody, and so survive everything.
final class LoopErrors {
    private LoopErrors() {}

    /// Logs an error once of its kind, and throws nothing, also where memory or stack have run out.
    ///
    /// @param told kinds that were logged; to be cleared when all is well again
    static void log(Logger log, Set<Class<?>> told, String what, Throwable error) {
        try {
            if (told.add(error.getClass())) {
                log.warnf("%s: %s", what, error);
            }
        } catch (Throwable evenThat) {
            // The loop is worth more than its log line.
        }
    }
}
