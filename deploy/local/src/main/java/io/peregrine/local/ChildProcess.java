package io.peregrine.local;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.time.Instant;

/// A child of the launcher, as `processes.json` tells of it.
///
/// @param name such as `trainer-service`
/// @param pid its number; 0 while it does not run
/// @param started with the number, identifies the process
/// @param since when it was started
/// @param port where it listens
/// @param restarts how often the launcher started it again
/// @param lastEnd why it was started again last, or null
public record ChildProcess(
        String name, long pid, String started, Instant since, int port, int restarts, String lastEnd) {
    /// @return whether it lives
    @JsonIgnore
    public boolean isAlive() {
        return new ProcessIdentity(pid, started).find().isPresent();
    }
}
