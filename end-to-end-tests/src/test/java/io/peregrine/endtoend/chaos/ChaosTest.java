package io.peregrine.endtoend.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.artifacts.store.SmallDisk;
import io.peregrine.endtoend.PeregrineFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/// `./peregrine chaos` for two minutes: after faults in services, broker, database and disk every run ends with
/// the same results as without faults.
///
/// With `-Dperegrine.chaos.minutes=10` every kind of fault is injected. `-Dperegrine.chaos.seed` repeats the
/// faults of a seed.
@Tag("slow")
class ChaosTest {
    private static final int MINUTES = Integer.getInteger("peregrine.chaos.minutes", 2);
    private static final long SEED = Long.getLong("peregrine.chaos.seed", 42);
    private static final int LONG_FORM = 10;
    private static final int STORE_MEGABYTES = 256;

    // Kept on failure, because the logs are needed to find the cause.
    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    @Test
    void everyRunEndsWithTheSameResultsAsWithoutFaults() throws Exception {
        Path data = folder.resolve("data");
        Map<FaultKind, String> skipped = new EnumMap<>(FaultKind.class);
        SmallDisk disk = null;
        try {
            disk = SmallDisk.mount(Files.createDirectories(data.resolve("store")), STORE_MEGABYTES);
        } catch (TestAbortedException notAllowed) {
            skipped.put(FaultKind.STORE_FULL, "mounting is not permitted");
        }
        Chaos.Outcome outcome;
        boolean isLong = MINUTES >= LONG_FORM;
        System.out.printf("Chaos, seed %d, %d minutes; logs: %s%n", SEED, MINUTES, data.resolve("logs"));
        try (PeregrineFixture fixture = PeregrineFixture.open(data, folder);
                SteadyRuns runs = new SteadyRuns(fixture, folder.resolve("datasets"), SEED)) {
            outcome = new Chaos(fixture, runs, skipped)
                    .disturb(new Fault.Plan(SEED, !isLong), Duration.ofMinutes(MINUTES), isLong);
        } finally {
            if (disk != null) {
                disk.close();
            }
        }
        String table = ChaosTable.of(outcome, SEED);
        System.out.println("\n" + table + "\n");
        assertThat(outcome.isRight()).as("seed %d\n%s", SEED, table).isTrue();
        assertThat(outcome.faults()).as("faults, seed %d", SEED).isNotEmpty();
    }
}
