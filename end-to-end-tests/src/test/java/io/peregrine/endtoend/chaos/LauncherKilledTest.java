package io.peregrine.endtoend.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.endtoend.CommandLine;
import io.peregrine.endtoend.SyntheticPaintings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/// Kills the launcher (`kill -9`) at random moments of `up`, `demo` and `compare`. When the same command is run
/// again, it completes, and no process is left running at its end.
@Tag("slow")
class LauncherKilledTest {
    private static final Duration PATIENCE = Duration.ofMinutes(8);
    private static final int KILLS = 4;

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    private final Random random = new Random(Long.getLong("peregrine.chaos.seed", 42));

    @Test
    void upIsTypedAgain() throws Exception {
        Path gallery = gallery();
        String data = folder.resolve("data").toString();
        // A start takes some 10 to 30 seconds.
        killAtRandomMoments(15_000, "up", "--foreground", "--ports", "free", "--data", data);

        succeeds("up", "--ports", "free", "--data", data);
        succeeds("run", gallery.toString(), "--side", "32", "--epochs", "1", "--data", data);
        assertThat(succeeds("status", "--data", data)).contains("completed");
        assertThat(succeeds("fsck", "--data", data))
                .contains("No artifact that a run references is missing or damaged");
        assertThat(succeeds("down", "--data", data)).contains("Stopped.");
        assertNoProcessIsLeft();
    }

    @Test
    void demoIsTypedAgain() throws Exception {
        String data = folder.resolve("data").toString();
        String[] demo = {"demo", "--side", "32", "--epochs", "1", "--ports", "free", "--data", data};
        killAtRandomMoments(30_000, demo);

        assertThat(succeeds(demo)).contains("27 clusters").containsOnlyOnce("Found in the dataset");
        assertNoProcessIsLeft();
    }

    @Test
    void compareIsTypedAgain() throws Exception {
        Path gallery = gallery();
        String uninterrupted = compare(gallery, "uninterrupted", false);
        assertThat(compare(gallery, "killed", true)).isEqualTo(uninterrupted);
        assertNoProcessIsLeft();
    }

    private String compare(Path gallery, String name, boolean killed) throws Exception {
        Path to = folder.resolve(name + "-page");
        String[] compare = {
            "compare",
            gallery.toString(),
            "--strategies",
            "none,auto",
            "--seeds",
            "2",
            "--side",
            "32",
            "--epochs",
            "2",
            "--ports",
            "free",
            "--data",
            folder.resolve(name).toString(),
            "--to",
            to.toString()
        };
        if (killed) {
            killAtRandomMoments(30_000, compare);
        }
        succeeds(compare);
        return Files.readString(to.resolve("compare.md"));
    }

    private Path gallery() throws Exception {
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 32, 4, 14, 9, 12);
        return gallery;
    }

    private void killAtRandomMoments(int milliseconds, String... words) throws Exception {
        List<String> moments = new ArrayList<>();
        for (int kill = 0; kill < KILLS; kill++) {
            Process launcher = CommandLine.start(folder.resolve("killed.log"), Map.of(), words);
            int moment = 500 + random.nextInt(milliseconds);
            boolean over = launcher.waitFor(moment, TimeUnit.MILLISECONDS);
            launcher.destroyForcibly().onExit().join();
            moments.add(over ? "after its end" : "%.1f s".formatted(moment / 1e3));
        }
        System.out.printf("%s: launcher killed after %s%n", words[0], String.join(", ", moments));
    }

    private String succeeds(String... words) throws Exception {
        CommandLine.Answer answer = CommandLine.run(folder.resolve("typed.log"), PATIENCE, words);
        assertThat(answer.status())
                .as("%s: %s", Arrays.toString(words), answer.output())
                .isZero();
        return answer.output();
    }

    private void assertNoProcessIsLeft() {
        Awaitility.await("the end of all processes")
                .atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(CommandLine.of(folder))
                        .extracting(process -> process.info().commandLine().orElse("?"))
                        .isEmpty());
    }
}
