package io.peregrine.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.simulator.Simulator.Found;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Short versions of `./peregrine simulate` and `./peregrine simulate --bugs`.
class SimulatorTest {
    private static final int SCHEDULES = 20;

    private static Simulator simulator;

    @BeforeAll
    static void start() throws Exception {
        // The services' logs about injected faults would hide the one relevant line.
        LogManager.getLogManager().reset();
        Logger.getLogger("").setLevel(Level.OFF);
        simulator = Simulator.start(2);
    }

    @AfterAll
    static void stop() throws Exception {
        simulator.close();
    }

    @Test
    void schedulesFindNoViolation() throws Exception {
        List<Found> found = new CopyOnWriteArrayList<>();
        long run = simulator.search(1, SCHEDULES, null, 1, found::add);
        assertThat(found).isEmpty();
        assertThat(run).isEqualTo(SCHEDULES);
    }

    /// Bugs that a few schedules find; the others take a minute.
    @ParameterizedTest
    @EnumSource(names = {"RELAY_STOPS_AT_BAD_ROW", "DECODE_OUTSIDE_TRY", "INBOX_KEY_WITHOUT_SOURCE"})
    void findsAPlantedBugQuickly(Bug bug) throws Exception {
        assertThat(isFoundWithin(10, bug)).isTrue();
    }

    @Tag("slow")
    @ParameterizedTest
    @EnumSource
    void findsEveryPlantedBug(Bug bug) throws Exception {
        assertThat(isFoundWithin(1_000, bug)).isTrue();
    }

    private static boolean isFoundWithin(int schedules, Bug bug) throws Exception {
        List<Found> found = new CopyOnWriteArrayList<>();
        simulator.search(1, schedules, bug, 1, found::add);
        return !found.isEmpty();
    }

    @Test
    void aSeedReproducesItsSchedule() throws Exception {
        List<String> first = new ArrayList<>();
        simulator.run(7, null, first);
        simulator.run(8, null, null);
        List<String> again = new ArrayList<>();
        simulator.run(7, null, again);
        assertThat(again).hasSizeGreaterThan(50).isEqualTo(first);
    }
}
