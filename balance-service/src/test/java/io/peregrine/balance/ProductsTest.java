package io.peregrine.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.balance.postgres.Ahead;
import io.smallrye.config.SmallRyeConfigBuilder;
import org.junit.jupiter.api.Test;

class ProductsTest {
    private final Products products = new Products(new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(BalanceConfig.class)
            .withDefaultValue("peregrine.balance.product", "plain")
            .build()
            .getConfigMapping(BalanceConfig.class));

    @Test
    void theSpeedIsMeasuredOnceAndThenAsSearchesShowIt() {
        double measured = products.perSecond();
        assertThat(measured).isPositive();
        assertThat(products.perSecond()).isEqualTo(measured);

        products.shown(8_500_000, 2);

        assertThat(products.perSecond()).isEqualTo(8_500_000 / 2 / Ahead.OF_THE_ENGINE);
    }

    @Test
    void searchesOfUnderASecondTellNothing() {
        double measured = products.perSecond();

        products.shown(8_500_000, 0.99);

        assertThat(products.perSecond()).isEqualTo(measured);
    }
}
