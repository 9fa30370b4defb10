package io.peregrine.work;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.RunRef;

/// One piece of durable work, as its worker sees it.
///
/// @param kind which [JobHandler] does it
/// @param key tells jobs of one run and kind apart
/// @param payload what the handler was given when the job was added
/// @param state what the last [JobContext#save] kept, or null
/// @param attempt claims since the last durable progress, this one included
/// @param fence grows with every claim
public record Job(
        long id, RunRef run, String kind, String key, JsonNode payload, byte[] state, int attempt, long fence) {

    /// A job to be added. Adding the same run, kind and key again changes nothing.
    ///
    /// @param payload anything that the events' JSON mapper can write
    public record New(RunRef run, String kind, String key, Object payload) {}
}
