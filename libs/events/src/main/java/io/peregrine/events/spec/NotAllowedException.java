package io.peregrine.events.spec;

/// A value that a field does not allow; the message states what is wrong with it.
@SuppressWarnings("serial")
final class NotAllowedException extends Exception {
    NotAllowedException(String problem) {
        super(problem);
    }
}
