package io.peregrine.balance.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RemainingWorkTest {
    @Test
    void theSpeedOfThePlanIsUsedUntilASearchIsMeasured() {
        assertThat(new RemainingWork(8_500, 100, 1).secondsLeft(0, 0)).isEqualTo(100);
        assertThat(new RemainingWork(8_500, 100, 1).secondsLeft(0, 3)).isEqualTo(100);
    }

    @Test
    void theMeasuredSpeedIsUsed() {
        assertThat(new RemainingWork(8_500, 100, 1).secondsLeft(500, 10)).isEqualTo(170);
    }

    @Test
    void workersShareWhatIsLeft() {
        assertThat(new RemainingWork(8_500, 100, 2).secondsLeft(500, 10)).isEqualTo(85);
        assertThat(new RemainingWork(8_500, 100, 0).secondsLeft(500, 10))
                .as("a moment without workers does not give an infinite time")
                .isEqualTo(170);
    }

    @Test
    void workThatIsNotYetRecordedIsSubtracted() {
        assertThat(new RemainingWork(8_500, 100, 1).without(500).secondsLeft(1_000, 10))
                .isEqualTo(80);
    }

    @Test
    void nothingLeftTakesNoTime() {
        assertThat(new RemainingWork(0, 100, 1).secondsLeft(500, 10)).isZero();
        assertThat(new RemainingWork(500, 100, 1).without(600).secondsLeft(600, 10))
                .isZero();
        assertThat(new RemainingWork(500, 0, 1).secondsLeft(0, 0))
                .as("the speed is unknown")
                .isZero();
    }
}
