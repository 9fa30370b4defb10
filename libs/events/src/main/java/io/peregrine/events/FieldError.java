package io.peregrine.events;

/// One field of a specification that cannot stand.
///
/// @param field JSON pointer, such as `/classifier/epochs`
/// @param found what was there, as JSON
/// @param problem what is wrong with it
/// @param remedy what is allowed
public record FieldError(String field, String found, String problem, String remedy) {}
