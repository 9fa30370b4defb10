package io.peregrine.events;

import java.time.Instant;

/// An event in the envelope of CloudEvents 1.0.
///
/// @param id unique per `source`; ids of Peregrine are digests of (run, type, ordinal), so that a repeat is the
///     same event
/// @param source publisher of the event; `/peregrine/<service>` for Peregrine's services
/// @param type reverse DNS name with the major version at the end
/// @param subject id of the run; null in a dataset-ready event, which starts a run
/// @param correlationId also the id of the run
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
