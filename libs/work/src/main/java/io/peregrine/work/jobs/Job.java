package io.peregrine.work.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.RunRef;

/// A durable job, as its handler sees it.
///
/// @param kind selects the [JobHandler]
/// @param key distinguishes jobs of one run and kind
/// @param payload data that was given when the job was added
/// @param state state that the last [JobContext#checkpoint] stored, or null
/// @param crashes claims since the last durable progress that ended without a result: the process died, or was
///     paused past its lease
/// @param failures exceptions since the last durable progress
/// @param fence fencing token, which grows with every claim
public record Job(
        long id,
        RunRef run,
        String kind,
        String key,
        JsonNode payload,
        byte[] state,
        int crashes,
        int failures,
        long fence) {
    /// @return number of this attempt since the last durable progress, from 1
    public int attempt() {
        return 1 + crashes + failures;
    }

    /// A job to be added. Adding the same run, kind and key again has no effect.
    ///
    /// @param payload any value that the events' JSON mapper can write
    public record New(RunRef run, String kind, String key, Object payload) {}
}
