package io.peregrine.balance;

import ai.djl.engine.EngineException;
import io.peregrine.balance.BalanceConfig.Product;
import io.peregrine.balance.postgres.RemainingWork;
import io.peregrine.balance.smote.ProductSpeed;
import io.peregrine.events.FailureException;
import io.peregrine.vision.EngineProduct;
import io.peregrine.vision.Int8Product;
import io.peregrine.vision.MatrixProduct;
import io.peregrine.vision.PlainProduct;
import io.peregrine.vision.TorchEngine;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.jboss.logging.Logger;

/// What multiplies in this process, and how fast.
@ApplicationScoped
class Products {
    /// As many as a search's parts have.
    private static final int MEASURED_ROWS = 256;

    private static final Duration MEASURED = Duration.ofMillis(200);

    /// Shorter searches tell more of starting threads and reading than of multiplying.
    private static final double TELLING_SECONDS = 1;

    /// So short that nobody waits for it, and long enough to tell three times from once.
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
        // A search has a thread for each core itself.
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
            // In turn, and the best of each: something else may be at work while a service starts.
            for (int round = 0; round < COMPARISONS; round++) {
                bytes = Math.max(bytes, measured(Product.INT8, COMPARED));
                floats = Math.max(floats, measured(Product.FLOAT32, COMPARED));
            }
            LOG.infof("products of bytes are %.1f times as fast as of float32", bytes / floats);
            return bytes > floats ? Product.INT8 : Product.FLOAT32;
        } catch (FailureException | EngineException none) {
            LOG.infof("multiplies float32: %s", none.getMessage());
            return Product.FLOAT32;
        }
    }

    private double measured(Product product, Duration time) {
        try (MatrixProduct one = make(product)) {
            return ProductSpeed.measure(one, MEASURED_ROWS, config.threadCount(), time);
        }
    }

    /// The engine's own speed: as the last search has shown it, before that measured the first time that it is
    /// asked for.
    ///
    /// @return multiply-adds in a second with all threads
    synchronized double perSecond() {
        if (perSecond == null) {
            perSecond = measured(chosen(), MEASURED);
        }
        return perSecond;
    }

    /// What a search took: the next plan expects the same. A fifth of a second while a service starts is no
    /// measure of an hour's work.
    ///
    /// @param products multiply-adds of a search with all threads
    /// @param seconds that they took
    synchronized void shown(long products, double seconds) {
        if (seconds >= TELLING_SECONDS) {
            perSecond = products / seconds / RemainingWork.OF_THE_ENGINE;
        }
    }
}
