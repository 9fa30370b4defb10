package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.events.spec.RunSpec.AugmentationPolicy;
import io.peregrine.events.spec.RunSpec.Schedule;
import io.peregrine.events.spec.RunSpec.TrainingOptions;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {
    private static double[] factors(Schedule kind, double warmUp, long allSteps) {
        LearningRateSchedule schedule = new LearningRateSchedule(
                new TrainingOptions(kind, warmUp, 0, 0, 0, AugmentationPolicy.NONE, 0), allSteps);
        return LongStream.range(0, allSteps).mapToDouble(schedule::factor).toArray();
    }

    @Test
    void constantScheduleKeepsTheRateAfterTheWarmUp() {
        assertThat(factors(Schedule.CONSTANT, 0.4, 10)).containsExactly(0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1);
    }

    @Test
    void cosineScheduleStartsAtTheFullRateAndHalvesItInTheMiddle() {
        assertThat(factors(Schedule.COSINE, 0, 4))
                .containsExactly(new double[] {1, (2 + Math.sqrt(2)) / 4, 0.5, (2 - Math.sqrt(2)) / 4}, within(1e-15));
    }

    @Test
    void warmUpShorterThanAStepHasNoEffect() {
        assertThat(factors(Schedule.CONSTANT, 0.05, 3)).containsExactly(1, 1, 1);
    }
}
