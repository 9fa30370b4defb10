package io.peregrine.trainer.run;

import java.time.Duration;

/// Decides when the state of a training is saved: at a fixed interval, or less often if a save takes long. Saving
/// takes at most a twentieth of the time.
public final class SaveInterval {
    /// A pause is at least this many times as long as the previous save.
    static final int PAUSE_PER_SAVE = 20;

    private final long every;
    private long pause;
    private long last;

    /// @param every the configured interval
    /// @param now nanoseconds of any clock, the same clock in all calls
    public SaveInterval(Duration every, long now) {
        this.every = every.toNanos();
        this.pause = this.every;
        this.last = now;
    }

    /// @return whether it is time for a save
    public boolean isDue(long now) {
        return now - last >= pause;
    }

    /// Records that a save was made.
    public void saved(long began, long ended) {
        last = ended;
        pause = Math.max(every, PAUSE_PER_SAVE * (ended - began));
    }
}
