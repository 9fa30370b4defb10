package io.peregrine.work;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.RunRef;

/// One piece of durable work, as its worker sees it.
///
/// @param kind which [JobHandler] does it
/// @param key tells jobs of one run and kind apart
/// @param payload what the handler was given when the job was added
/// @param state what the last [JobContext#checkpoint] kept, or null
/// @param crashes claims since the last durable progress that ended without a word: the process died, or was
///     paused past its lease
/// @param failures exceptions since the last durable progress
/// @param fence grows with every claim
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
    /// @return which attempt this claim is since the last durable progress, from 1
    public int attempt() {
        return 1 + crashes + failures;
    }

    /// A job to be added. Adding the same run, kind and key again changes nothing.
    ///
    /// @param payload anything that the events' JSON mapper can write
    public record New(RunRef run, String kind, String key, Object payload) {}
}
