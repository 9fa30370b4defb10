package io.peregrine.events.spec;

/// An option of the command line that sets one or several fields of a specification.
///
/// @param name such as `--epochs`
/// @param label placeholder of its value
/// @param description meaning, in Markdown, without a period
public record SpecOption(String name, String label, String description) {}
