package io.peregrine.events;

import java.time.Instant;

/// One thing said, in the envelope of CloudEvents 1.0.
///
/// @param id unique with `source`; ours are digests of (run, type, ordinal), so a repeat is the same event
/// @param source who said it: `/peregrine/<service>` for us
/// @param type reverse DNS with the major version at the end
/// @param subject the run's id; null in a dataset-ready, which begins one
/// @param correlationId the run's id, too
/// @param causationId id of the event that led to this one, or null
public record CloudEvent(
        String id,
        String source,
        String type,
        Instant time,
        String subject,
        String correlationId,
        String causationId,
        PipelineEvent data) {}
