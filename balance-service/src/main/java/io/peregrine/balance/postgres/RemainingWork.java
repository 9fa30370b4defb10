package io.peregrine.balance.postgres;

/// What lies ahead of a run's searches.
///
/// @param products multiply-adds that are not yet known to be done
/// @param productsPerSecond of the engine alone, when the plan was made
/// @param workers jobs that search now
public record RemainingWork(long products, double productsPerSecond, int workers) {
    /// What reading, centring and adding up leave of the engine's own speed, before a search has shown it.
    public static final double OF_THE_ENGINE = 0.85;

    /// @param done multiply-adds of which the caller knows and the database not yet
    public RemainingWork without(long done) {
        return new RemainingWork(products - done, productsPerSecond, workers);
    }

    /// How long it will still take, at the speed that one worker has shown; before that at the one that the plan
    /// expects of the engine.
    ///
    /// @param done multiply-adds that were shown
    /// @param seconds of one worker, which they took
    /// @return 0 where nothing is left, or nothing is known
    public double secondsLeft(long done, double seconds) {
        double perSecond = done > 0 ? done / seconds : OF_THE_ENGINE * productsPerSecond;
        return products <= 0 || perSecond <= 0 ? 0 : products / (perSecond * Math.max(1, workers));
    }
}
