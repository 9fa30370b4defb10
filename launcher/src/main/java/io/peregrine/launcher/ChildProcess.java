package io.peregrine.launcher;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.time.Instant;

/// A child process of the launcher, as stored in `processes.json`.
///
/// @param name such as `trainer-service`
/// @param pid process id; 0 while it does not run
/// @param started identifies the process together with the pid
/// @param since when it was started
/// @param port the port that it listens on
/// @param restarts how often the launcher restarted it
/// @param lastEnd reason of the last restart, or null
public record ChildProcess(
        String name, long pid, String started, Instant since, int port, int restarts, String lastEnd) {
    /// @return whether the process is running
    @JsonIgnore
    public boolean isAlive() {
        return new ProcessIdentity(pid, started).find().isPresent();
    }
}
