package io.peregrine.events;

/// Error of one field of a specification.
///
/// @param field JSON pointer of the field, such as `/classifier/epochs`
/// @param found value that was found, as JSON
/// @param problem what is wrong with it
/// @param remedy what is allowed
public record FieldError(String field, String found, String problem, String remedy) {}
