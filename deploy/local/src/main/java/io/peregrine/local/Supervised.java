package io.peregrine.local;

import java.nio.file.Path;
import java.util.Optional;

/// A child of the launcher that a [Supervisor] keeps running: the broker, the database or a service.
interface Supervised {
    String name();

    int port();

    Path log();

    /// @return false while it was stopped on purpose
    boolean isWanted();

    /// @return its process, while it lives
    Optional<ProcessHandle> process();

    /// @return how it ended, as the rest of a sentence, if it has
    Optional<String> ended();

    /// Asks it for any answer at all, for a few seconds.
    boolean answers();

    /// Ends what is left of it, and starts it on the same port and folder.
    void startAgain();
}
