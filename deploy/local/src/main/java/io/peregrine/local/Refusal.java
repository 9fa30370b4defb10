package io.peregrine.local;

/// Something that a person can put right, in one clear sentence. Shown without a stack trace.
@SuppressWarnings("serial")
public final class Refusal extends RuntimeException {
    public Refusal(String sentence) {
        super(sentence);
    }
}
