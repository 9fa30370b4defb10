package io.peregrine.local;

/// Something that a person can put right, in one clear sentence. Shown without a stack trace.
@SuppressWarnings("serial")
public final class RefusedException extends RuntimeException {
    public RefusedException(String sentence) {
        super(sentence);
    }
}
