package io.peregrine.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.balance.neighbours.ByteProducts;
import io.peregrine.balance.postgres.RemainingWork;
import io.peregrine.vision.engine.EngineProduct;
import io.peregrine.vision.engine.Int8Product;
import io.peregrine.vision.engine.MatrixProduct;
import io.peregrine.vision.engine.PlainProduct;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProductsTest {
    private final Products products = products("plain");

    private static Products products(String product) {
        return new Products(new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(BalanceConfig.class)
                .withDefaultValue("peregrine.balance.product", product)
                .build()
                .getConfigMapping(BalanceConfig.class));
    }

    @Test
    void eachImplementationCanBeConfiguredAndAutoSelectsTheFastest() {
        Optional<MatrixProduct> exact = ByteProducts.ifExact();
        exact.ifPresent(MatrixProduct::close);
        if (exact.isPresent()) {
            try (MatrixProduct bytes = products("int8").make()) {
                assertThat(bytes).isInstanceOf(Int8Product.class);
            }
        } else {
            // An explicit int8 fails with an error; auto selects another implementation.
            assertThatThrownBy(() -> products("int8").make()).hasMessageContaining("product=float32");
        }
        try (MatrixProduct floats = products("float32").make();
                MatrixProduct plain = products.make();
                MatrixProduct found = products("auto").make()) {
            assertThat(floats).isInstanceOf(EngineProduct.class);
            assertThat(plain).isInstanceOf(PlainProduct.class);
            assertThat(found)
                    .isInstanceOfAny(exact.isPresent() ? Int8Product.class : EngineProduct.class, EngineProduct.class);
        }
    }

    @Test
    void theSpeedIsMeasuredOnceAndThenTakenFromSearches() {
        double measured = products.perSecond();
        assertThat(measured).isPositive();
        assertThat(products.perSecond()).isEqualTo(measured);

        products.record(8_500_000, 2);

        assertThat(products.perSecond()).isEqualTo(8_500_000 / 2 / RemainingWork.EXPECTED_EFFICIENCY);
    }

    @Test
    void searchesOfUnderASecondAreIgnored() {
        double measured = products.perSecond();

        products.record(8_500_000, 0.99);

        assertThat(products.perSecond()).isEqualTo(measured);
    }
}
