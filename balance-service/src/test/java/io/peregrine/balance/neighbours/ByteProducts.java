package io.peregrine.balance.neighbours;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.FailureException;
import io.peregrine.vision.engine.Int8Product;
import io.peregrine.vision.engine.MatrixProduct;
import java.util.Optional;

/// Int8 products, which not every processor supports: one without VNNI rejects them with an error.
public final class ByteProducts {
    private ByteProducts() {}

    /// @return an int8 product, closed by the caller; empty if the engine's int8 products are not exact
    public static Optional<MatrixProduct> ifExact() {
        try {
            return Optional.of(new Int8Product());
        } catch (FailureException refused) {
            assertThat(refused.code()).isEqualTo("PRODUCTS_INEXACT");
            return Optional.empty();
        }
    }
}
