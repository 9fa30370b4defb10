package io.peregrine.balance.smote;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.FailureException;
import io.peregrine.vision.Int8Product;
import io.peregrine.vision.MatrixProduct;
import java.util.Optional;

/// Products of bytes, which not every processor has: one without VNNI refuses them by name.
public final class ByteProducts {
    private ByteProducts() {}

    /// @return closed by the caller; empty where the engine's are not exact
    public static Optional<MatrixProduct> ifExact() {
        try {
            return Optional.of(new Int8Product());
        } catch (FailureException refused) {
            assertThat(refused.code()).isEqualTo("PRODUCTS_INEXACT");
            return Optional.empty();
        }
    }
}
