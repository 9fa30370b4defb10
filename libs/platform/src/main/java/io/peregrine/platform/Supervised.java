package io.peregrine.platform;

import java.nio.file.Path;
import java.util.Optional;

/// A child process that a `Supervisor` keeps running: the broker, the database or a service.
public interface Supervised {
    String name();

    int port();

    Path log();

    /// @return false while it is stopped on purpose
    boolean isWanted();

    /// @return its process, if it is running
    Optional<ProcessHandle> process();

    /// @return how it ended, as the end of a sentence; empty while it is running
    Optional<String> ended();

    /// Sends a probe and waits a few seconds for any answer.
    boolean answers();

    /// Ends its remaining processes and restarts it on the same port and folder.
    void restart();
}
