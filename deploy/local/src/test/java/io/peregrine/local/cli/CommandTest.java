package io.peregrine.local.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.EventCodec;
import io.peregrine.local.ProcessIdentity;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// What a person can put right is said in one sentence, before anything is started.
class CommandTest {
    @TempDir
    Path folder;

    private Path images;

    @BeforeEach
    void aFolderWithAClass() throws IOException {
        images = Files.createDirectories(folder.resolve("images"));
        Files.createDirectories(images.resolve("Cubism"));
    }

    private String refused(String... words) {
        StringWriter errors = new StringWriter();
        CommandLine command = Peregrine.commandLine().setErr(new PrintWriter(errors, true));
        assertThat(command.execute(words)).isEqualTo(2);
        return errors.toString().strip();
    }

    private String data() {
        return folder.resolve("data").toString();
    }

    @Test
    void nothingIsPurgedFromQuarantineByOversight() {
        for (String[] words : new String[][] {{}, {"ingest:1", "--all"}}) {
            String[] command = Arrays.copyOf(new String[] {"quarantine", "purge"}, 2 + words.length);
            System.arraycopy(words, 0, command, 2, words.length);
            assertThat(refused(command))
                    .isEqualTo("Name records by their IDs, or which by --kind, --topic, --older-than or --all.");
        }
        assertThat(refused("quarantine", "--data", data())).startsWith("Nothing runs over");
        assertThat(refused("audit", "--data", data())).startsWith("Nothing runs over");
    }

    @Test
    void aMissingFolderIsNamed() {
        Path missing = folder.resolve("nowhere");
        assertThat(refused("run", missing.toString())).isEqualTo("There is no folder " + missing + ".");
    }

    @Test
    void aFolderWithoutClassesIsToldWhatIsWanted() {
        assertThat(refused("run", images.resolve("Cubism").toString()))
                .startsWith(images.resolve("Cubism") + " has no class folders")
                .contains("FOLDER/<class>/")
                .doesNotContain("\n");
    }

    @Test
    void aFolderWhoseMetadataTellTheClassesNeedsNoFolderForEach() throws IOException {
        Path flat = Files.createDirectories(folder.resolve("flat"));
        Files.writeString(flat.resolve("metadata.csv"), "file_name,label\n1.jpg,Cubism\n");
        RunCommands.mustHaveClasses(flat);
    }

    @Test
    void findingsAreToldInOneLineAndNothingWhereThereAreNone() throws IOException {
        JsonNode totals = EventCodec.json()
                .readTree("[{\"kind\":\"IDENTICAL_ACROSS_CLASSES\",\"total\":4},{\"kind\":\"HIDDEN\",\"total\":1005}]");
        assertThat(QueryCommands.findingsLine(totals, "http://x/findings"))
                .contains("Found in the dataset: 4 identical across classes, 1,005 hidden; see http://x/findings");
        assertThat(QueryCommands.findingsLine(EventCodec.json().readTree("[]"), "http://x"))
                .isEmpty();
    }

    @Test
    void whatTheSpecificationRefusesNeedsNothingStarted() {
        assertThat(refused("run", images.toString(), "--epochs", "-1", "--data", data()))
                .contains("epochs", "-1");
        assertThat(refused("run", images.toString(), "--strategy", "sometimes", "--data", data()))
                .contains("sometimes");
        assertThat(refused("run", images.toString(), "--classifier", "vgg", "--data", data()))
                .contains("/classifier/preset", "'resnet' or 'seed-cnn'");
        assertThat(refused("run", images.toString(), "--autoencoder", "vae", "--data", data()))
                .contains("/autoencoder/preset", "'resnet-autoencoder' or 'seed-autoencoder'");
        assertThat(folder.resolve("data")).doesNotExist();
    }

    @Test
    void weightsToBeginWithMayLieInAFolderOfTheirOwn() throws IOException {
        SpecOptions options = new SpecOptions();
        options.spec = Files.writeString(folder.resolve("spec.json"), """
                {"classifier": {"init": "file:///elsewhere/a.safetensors"}, "autoencoder": {"init": "file:/bad name"}}""");
        assertThat(SpecOptions.roots(images, options.datasetReady(images)))
                .containsExactly(images, Path.of("/elsewhere"));
    }

    @Test
    void aSpecificationThatIsNoObjectIsNamed() throws IOException {
        Path spec = Files.writeString(folder.resolve("spec.json"), "[1, 2]");
        assertThat(refused("run", images.toString(), "--spec", spec.toString()))
                .startsWith(spec + " is no JSON object");
    }

    @Test
    void portsAreUsualOrFree() {
        assertThat(refused("run", images.toString(), "--ports", "odd", "--data", data()))
                .endsWith("--ports is 'usual' or 'free', not 'odd'.");
    }

    @Test
    void whoAsksWhenNothingRunsIsToldWhatToDo() {
        for (String[] asked :
                new String[][] {{"status"}, {"delete", "ab"}, {"prune"}, {"prune", "--dry-run"}, {"fsck"}}) {
            String[] words = Arrays.copyOf(asked, asked.length + 2);
            words[asked.length] = "--data";
            words[asked.length + 1] = data();
            assertThat(refused(words))
                    .isEqualTo("Nothing runs over %s; start it with ./peregrine up, or name its folder with --data."
                            .formatted(data()));
        }
    }

    /// What a launcher that was killed leaves: its number, which is another process's by now.
    @Test
    void downEndsNoProcessThatOnlyHasTheLaunchersNumber() throws Exception {
        Path data = Files.createDirectories(folder.resolve("data"));
        Process other = new ProcessBuilder("sleep", "600").start();
        try {
            for (String started : new String[] {"null", "\"another boot/1\""}) {
                Files.writeString(data.resolve("peregrine.json"), """
                        {"launcher":%d,"launcherStarted":%s,"kafka":"","ingest":"","balance":"","trainer":"","cluster":"",
                         "data":"%s"}""".formatted(other.pid(), started, data));
                assertThat(Peregrine.commandLine().execute("down", "--data", data()))
                        .isZero();
                assertThat(other.isAlive()).isTrue();
                assertThat(data.resolve("peregrine.json")).doesNotExist();
            }
        } finally {
            other.destroyForcibly();
        }
    }

    @Test
    void aCopyOfADataFolderIsNotTheInstanceThatItWasCopiedFrom() throws Exception {
        Path data = Files.createDirectories(folder.resolve("data"));
        Path copy = Files.createDirectories(folder.resolve("copy"));
        ProcessIdentity launcher = ProcessIdentity.current();
        Files.writeString(copy.resolve("peregrine.json"), """
                {"launcher":%d,"launcherStarted":"%s","kafka":"","ingest":"","balance":"","trainer":"","cluster":"",
                 "data":"%s"}""".formatted(launcher.pid(), launcher.started(), data));
        assertThat(RunningInstance.find(copy)).isEmpty();
        Files.copy(copy.resolve("peregrine.json"), data.resolve("peregrine.json"));
        assertThat(RunningInstance.find(data)).isPresent();
    }

    @Test
    void aDataFolderServesOneAtATime() throws IOException {
        Path data = Files.createDirectories(folder.resolve("data"));
        try (FileChannel another =
                FileChannel.open(data.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            assertThat(another.tryLock()).isNotNull();
            // In a checkout that was not built yet that is what is said first.
            assertThat(refused("run", images.toString(), "--ports", "free", "--data", data()))
                    .containsAnyOf("Another Peregrine works in " + data, "is not built");
        }
    }

    /// In a process of its own, whose environment knows no Prometheus.
    @Test
    void observingWithoutAPrometheusIsRefusedBeforeAnythingStarts() throws Exception {
        ProcessBuilder command = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Peregrine.class.getName(),
                        "up",
                        "--observe",
                        "--data",
                        data())
                .redirectErrorStream(true);
        command.environment().put("PATH", folder.toString());
        command.environment().put("XDG_CACHE_HOME", folder.toString());
        Process process = command.start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
        assertThat(process.waitFor()).as(said).isEqualTo(2);
        assertThat(said)
                .startsWith("--observe needs Prometheus, and no program 'prometheus' is on the PATH")
                .contains("deploy/prometheus/setup.sh")
                .doesNotContain("\n");
        assertThat(folder.resolve("data")).doesNotExist();
    }

    @Test
    void anUnknownOptionGetsTheNearestOne() {
        assertThat(refused("demo", "--sides", "64"))
                .contains("Unknown option", "--sides", "Possible solutions: --side");
    }

    @Test
    void aMachineThatLacksSomethingIsAFailure() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        assertThat(Peregrine.commandLine().execute("doctor", "--ports", "free", "--data", file.toString()))
                .isEqualTo(2);
        assertThat(Peregrine.commandLine().execute("doctor", "--ports", "free", "--data", data()))
                .isZero();
    }

    @Test
    void everyCommandTellsOfItself() {
        Peregrine.commandLine().getSubcommands().forEach((word, command) -> {
            StringWriter told = new StringWriter();
            int status =
                    Peregrine.commandLine().setOut(new PrintWriter(told, true)).execute(word, "--help");
            assertThat(status).as(word).isZero();
            // A command with two names tells of itself by the first.
            assertThat(told.toString()).startsWith("Usage: peregrine " + command.getCommandName());
        });
    }
}
