package io.peregrine.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.balance.smote.BalancePlan;
import io.peregrine.events.Failure;
import io.peregrine.events.RunSpec.Strategy;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanClassesTest {
    private static final BalancePlan PLAN =
            BalancePlan.of(new Strategy.AtLeast(1_000), 5, List.of("Baroque", "Cubism"), new long[] {10, 2_000});

    @Test
    void aDiskThatCannotHoldTheRecipesIsRefusedByNameBeforeWorkStarts() {
        long takes = PlanClasses.bytes(3_000, 990, 2);

        assertThatCode(() -> PlanClasses.refuseSmallDisk(PLAN, takes)).doesNotThrowAnyException();
        assertThatThrownBy(() -> PlanClasses.refuseSmallDisk(PLAN, takes - 1))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.code()).isEqualTo("DISK_TOO_SMALL"))
                .hasMessageContaining("recipes of 3,000 rows")
                .hasMessageContaining("%,d left".formatted(takes - 1));
    }
}
