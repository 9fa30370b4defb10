package io.peregrine.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.artifacts.store.FullDisk;
import io.peregrine.balance.smote.BalancePlan;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.spec.RunSpec.Strategy;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanClassesTest {
    private static final BalancePlan PLAN =
            BalancePlan.of(new Strategy.AtLeast(1_000), 5, List.of("Baroque", "Cubism"), new long[] {10, 2_000});

    private static final long TAKES = PlanClasses.bytes(3_000, 990, 2);

    private static void refused(long total, long free, String code, FailureKind kind, String left) {
        assertThatThrownBy(() -> PlanClasses.requireDiskSpace(PLAN, total, free))
                .isInstanceOfSatisfying(FailureException.class, failure -> {
                    assertThat(failure.code()).isEqualTo(code);
                    assertThat(failure.kind()).isEqualTo(kind);
                })
                .hasMessageContaining("recipes of 3,000 rows")
                .hasMessageContaining(left);
    }

    @Test
    void aDiskThatIsTooSmallForTheRecipesFailsTheRunBeforeWorkStarts() {
        assertThatCode(() -> PlanClasses.requireDiskSpace(PLAN, TAKES, TAKES)).doesNotThrowAnyException();
        refused(
                TAKES - 1,
                TAKES - 1,
                "DISK_TOO_SMALL",
                FailureKind.INPUT,
                "%,d bytes in all; use a larger disk".formatted(TAKES - 1));
    }

    @Test
    void aDiskThatIsFullOfOtherFilesIsARetryableFailure() {
        refused(TAKES, 0, FullDisk.CODE, FailureKind.RESOURCE, "only 0 bytes free");
    }
}
