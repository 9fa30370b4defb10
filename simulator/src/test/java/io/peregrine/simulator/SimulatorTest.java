package io.peregrine.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.simulator.Simulator.Found;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The short form of `./peregrine simulate`.
class SimulatorTest {
    private static Simulator simulator;

    @BeforeAll
    static void start() throws Exception {
        // What services log of faults that are meant would hide the one line that counts.
        LogManager.getLogManager().reset();
        Logger.getLogger("").setLevel(Level.OFF);
        simulator = Simulator.start(2);
    }

    @AfterAll
    static void stop() throws Exception {
        simulator.close();
    }

    @Test
    void schedulesShowNothingWrong() throws Exception {
        List<Found> found = new CopyOnWriteArrayList<>();
        long run = simulator.search(1, 40, null, 1, found::add);
        assertThat(found).isEmpty();
        assertThat(run).isEqualTo(40);
    }

    @Test
    void aSeedRepeatsItsSchedule() throws Exception {
        List<String> first = new ArrayList<>();
        simulator.run(7, null, first);
        simulator.run(8, null, null);
        List<String> again = new ArrayList<>();
        simulator.run(7, null, again);
        assertThat(again).hasSizeGreaterThan(50).isEqualTo(first);
    }
}
