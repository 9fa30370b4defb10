package io.peregrine.balance;

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

    /// @return multiply-adds in a second with all threads, measured the first time that it is asked for
    synchronized double perSecond() {
        if (perSecond == null) {
            try (MatrixProduct product = make()) {
                perSecond = ProductSpeed.measure(product, 256, config.threadCount(), MEASURED);
            }
        }
        return perSecond;
    }
}
