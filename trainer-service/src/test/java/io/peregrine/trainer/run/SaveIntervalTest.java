package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class SaveIntervalTest {
    private final SaveInterval times = new SaveInterval(Duration.ofSeconds(10), seconds(0));

    @Test
    void fastSavesFollowTheConfiguredInterval() {
        assertThat(times.isDue(seconds(9.9))).isFalse();
        assertThat(times.isDue(seconds(10))).isTrue();
        times.saved(seconds(10), seconds(10.4));
        assertThat(times.isDue(seconds(20.3))).isFalse();
        assertThat(times.isDue(seconds(20.4))).isTrue();
    }

    @Test
    void slowSavesTakeAtMostATwentiethOfTheTime() {
        times.saved(seconds(10), seconds(13));
        assertThat(times.isDue(seconds(72.9))).isFalse();
        assertThat(times.isDue(seconds(73))).isTrue();
        times.saved(seconds(73), seconds(73.1));
        assertThat(times.isDue(seconds(83.1))).as("the disk is fast again").isTrue();
    }

    private static long seconds(double seconds) {
        // A clock may start anywhere, and pass through zero.
        return Math.round(seconds * 1e9) - 50_000_000_000L;
    }
}
