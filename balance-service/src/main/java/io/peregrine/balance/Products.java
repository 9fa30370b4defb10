package io.peregrine.balance;

import io.peregrine.balance.postgres.Ahead;
import io.peregrine.balance.smote.ProductSpeed;
import io.peregrine.vision.EngineProduct;
import io.peregrine.vision.MatrixProduct;
import io.peregrine.vision.PlainProduct;
import io.peregrine.vision.Torch;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;

/// What multiplies in this process, and how fast.
@ApplicationScoped
class Products {
    private static final Duration MEASURED = Duration.ofMillis(200);

    /// Shorter searches tell more of starting threads and reading than of multiplying.
    private static final double TELLING_SECONDS = 1;

    private final BalanceConfig config;
    private Double perSecond;

    Products(BalanceConfig config) {
        this.config = config;
    }

    MatrixProduct make() {
        return switch (config.product()) {
            case PLAIN -> new PlainProduct();
            case ENGINE -> {
                // A search has a thread for each core itself.
                EngineProduct.onOneEngineThread();
                yield new EngineProduct(Torch.device(config.device()));
            }
        };
    }

    /// The engine's own speed: as the last search has shown it, before that measured the first time that it is
    /// asked for.
    ///
    /// @return multiply-adds in a second with all threads
    synchronized double perSecond() {
        if (perSecond == null) {
            try (MatrixProduct product = make()) {
                perSecond = ProductSpeed.measure(product, 256, config.threadCount(), MEASURED);
            }
        }
        return perSecond;
    }

    /// What a search took: the next plan expects the same. A fifth of a second while a service starts is no measure
    /// of an hour's work.
    ///
    /// @param products multiply-adds of a search with all threads
    /// @param seconds that they took
    synchronized void shown(long products, double seconds) {
        if (seconds >= TELLING_SECONDS) {
            perSecond = products / seconds / Ahead.OF_THE_ENGINE;
        }
    }
}
