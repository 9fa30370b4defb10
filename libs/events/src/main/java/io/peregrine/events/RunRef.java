package io.peregrine.events;

/// Which run an event tells of.
///
/// @param id 32 hexadecimal digits, a digest of the dataset-ready that began it
/// @param dataset the name that the user gave
/// @param spec the whole specification with its defaults, `run.json`; null only where the specification itself was bad
public record RunRef(String id, String dataset, ArtifactRef spec) {}
