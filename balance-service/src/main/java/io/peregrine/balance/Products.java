package io.peregrine.balance;

import ai.djl.engine.EngineException;
import io.peregrine.balance.BalanceConfig.Product;
import io.peregrine.balance.neighbours.ProductSpeed;
import io.peregrine.balance.postgres.RemainingWork;
import io.peregrine.events.FailureException;
import io.peregrine.vision.engine.EngineProduct;
import io.peregrine.vision.engine.Int8Product;
import io.peregrine.vision.engine.MatrixProduct;
import io.peregrine.vision.engine.PlainProduct;
import io.peregrine.vision.engine.TorchEngine;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.jboss.logging.Logger;

/// The matrix product implementation of this process, and its speed.
@ApplicationScoped
class Products {
    /// The number of rows of a part in a search.
    private static final int MEASURED_ROWS = 256;

    private static final Duration MEASURED = Duration.ofMillis(200);

    /// Shorter searches measure thread start-up and reading rather than multiplication.
    private static final double MIN_SECONDS = 1;

    /// Short enough not to delay anyone, and long enough to detect a threefold difference.
    private static final Duration COMPARED = Duration.ofMillis(30);

    private static final int COMPARISONS = 4;

    private static final Logger LOG = Logger.getLogger(Products.class);

    private final BalanceConfig config;
    private Product chosen;
    private Double perSecond;

    Products(BalanceConfig config) {
        this.config = config;
    }

    MatrixProduct make() {
        return make(chosen());
    }

    private MatrixProduct make(Product product) {
        if (product == Product.PLAIN) {
            return new PlainProduct();
        }
        // A search has one thread per core itself.
        EngineProduct.onOneEngineThread();
        return product == Product.INT8 ? new Int8Product() : new EngineProduct(TorchEngine.device(config.device()));
    }

    private synchronized Product chosen() {
        if (chosen == null) {
            chosen = config.product() == Product.AUTO ? faster() : config.product();
        }
        return chosen;
    }

    private Product faster() {
        if (TorchEngine.device(config.device()).isGpu()) {
            return Product.FLOAT32;
        }
        try {
            double bytes = 0;
            double floats = 0;
            // Measured alternately, taking the best of each, since other work may run while the service starts.
            for (int round = 0; round < COMPARISONS; round++) {
                bytes = Math.max(bytes, measured(Product.INT8, COMPARED));
                floats = Math.max(floats, measured(Product.FLOAT32, COMPARED));
            }
            LOG.infof("int8 products are %.1f times as fast as float32", bytes / floats);
            return bytes > floats ? Product.INT8 : Product.FLOAT32;
        } catch (FailureException | EngineException unavailable) {
            LOG.infof("int8 products are not available, using float32: %s", unavailable.getMessage());
            return Product.FLOAT32;
        }
    }

    private double measured(Product product, Duration time) {
        try (MatrixProduct one = make(product)) {
            return ProductSpeed.measure(one, MEASURED_ROWS, config.threadCount(), time);
        }
    }

    /// The engine's own speed. It is that of the last search; before the first search it is measured once, when
    /// it is first needed.
    ///
    /// @return multiply-adds per second with all threads
    synchronized double perSecond() {
        if (perSecond == null) {
            perSecond = measured(chosen(), MEASURED);
        }
        return perSecond;
    }

    /// Records the speed of a search, which the next plan then expects. A measurement of a fifth of a second at
    /// start is not a good estimate for an hour of work.
    ///
    /// @param products multiply-adds of a search with all threads
    /// @param seconds that they took
    synchronized void record(long products, double seconds) {
        if (seconds >= MIN_SECONDS) {
            perSecond = products / seconds / RemainingWork.EXPECTED_EFFICIENCY;
        }
    }
}
