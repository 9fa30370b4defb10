package io.peregrine.balance.postgres;

/// The remaining work of a run's searches.
///
/// @param products multiply-adds that are not recorded as done
/// @param productsPerSecond speed of the engine alone, when the plan was made
/// @param workers number of jobs that search now
public record RemainingWork(long products, double productsPerSecond, int workers) {
    /// Expected efficiency of a search relative to the engine's own speed, since reading, centring and
    /// accumulation take time. Used until a search was measured.
    public static final double EXPECTED_EFFICIENCY = 0.85;

    /// @param done multiply-adds that the caller has done but not yet recorded in the database
    public RemainingWork without(long done) {
        return new RemainingWork(products - done, productsPerSecond, workers);
    }

    /// Estimates the remaining time, at the measured speed of one worker, or before a measurement at the speed
    /// that the plan expects of the engine.
    ///
    /// @param done measured multiply-adds
    /// @param seconds that one worker took for them
    /// @return 0 if nothing is left or the speed is unknown
    public double secondsLeft(long done, double seconds) {
        double perSecond = done > 0 ? done / seconds : EXPECTED_EFFICIENCY * productsPerSecond;
        return products <= 0 || perSecond <= 0 ? 0 : products / (perSecond * Math.max(1, workers));
    }
}
