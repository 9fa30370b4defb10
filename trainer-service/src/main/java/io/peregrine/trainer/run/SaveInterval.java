package io.peregrine.trainer.run;

import java.time.Duration;

/// When a training's state is saved: every so often, and rarer where a save takes long, so that saving never
/// takes more than a twentieth of the time.
public final class SaveInterval {
    /// Pauses are at least so many times as long as the save before.
    static final int PAUSE_PER_SAVE = 20;

    private final long every;
    private long pause;
    private long last;

    /// @param every the pause wished for
    /// @param now nanoseconds of any clock, here and later
    public SaveInterval(Duration every, long now) {
        this.every = every.toNanos();
        this.pause = this.every;
        this.last = now;
    }

    /// @return whether it is time for a save
    public boolean isDue(long now) {
        return now - last >= pause;
    }

    /// Says that a save was made.
    public void saved(long began, long ended) {
        last = ended;
        pause = Math.max(every, PAUSE_PER_SAVE * (ended - began));
    }
}
