package io.peregrine.charts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class AxisTest {
    private static List<String> labels(Axis axis) {
        return axis.ticks().stream().map(axis::label).toList();
    }

    @Test
    void ticksAreRoundAndIncludeAllValues() {
        assertThat(labels(Axis.around(0.52, 2.42, 5, 0, 100))).containsExactly("0.5", "1.0", "1.5", "2.0", "2.5");
        assertThat(labels(Axis.around(0, 9_456, 5, 0, 100)))
                .containsExactly("0", "2,000", "4,000", "6,000", "8,000", "10,000");
        assertThat(labels(Axis.around(-0.003, 0.002, 5, 0, 100)))
                .containsExactly("-0.003", "-0.002", "-0.001", "0.000", "0.001", "0.002");
        assertThat(labels(Axis.around(7, 7, 5, 0, 100))).as("one value").hasSizeGreaterThan(1);
        assertThat(labels(Axis.within(-7.3, 12.1, 4, 0, 100))).containsExactly("-5", "0", "5", "10");
    }

    @Test
    void valuesAreMappedLinearly() {
        Axis down = Axis.around(0, 10, 5, 300, 100);
        assertThat(down.at(0)).isEqualTo(300);
        assertThat(down.at(2.5)).isCloseTo(250, within(1e-9));
        assertThat(down.at(10)).isEqualTo(100);
    }
}
