package io.peregrine.launcher.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.EventCodec;
import io.peregrine.events.spec.SpecFields;
import io.peregrine.launcher.ProcessIdentity;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/// Errors that the user can fix are reported in one message, before anything is started.
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
    void purgeNeedsIdsOrAFilter() {
        for (String[] words : new String[][] {{}, {"ingest:1", "--all"}}) {
            String[] command = Arrays.copyOf(new String[] {"quarantine", "purge"}, 2 + words.length);
            System.arraycopy(words, 0, command, 2, words.length);
            assertThat(refused(command))
                    .isEqualTo(
                            "Give either the IDs of records, or at least one of --kind, --topic, --older-than and --all.");
        }
        assertThat(refused("quarantine", "--data", data())).startsWith("No Peregrine is running on");
        assertThat(refused("audit", "--data", data())).startsWith("No Peregrine is running on");
    }

    @Test
    void reportsAMissingFolder() {
        Path missing = folder.resolve("nowhere");
        assertThat(refused("run", missing.toString())).isEqualTo("The folder " + missing + " does not exist.");
    }

    @Test
    void reportsAFolderWithoutClasses() {
        assertThat(refused("run", images.resolve("Cubism").toString()))
                .startsWith(images.resolve("Cubism") + " has no class folders")
                .contains("FOLDER/<class>/")
                .doesNotContain("\n");
    }

    @Test
    void acceptsMetadataInsteadOfClassFolders() throws IOException {
        Path flat = Files.createDirectories(folder.resolve("flat"));
        Files.writeString(flat.resolve("metadata.csv"), "file_name,label\n1.jpg,Cubism\n");
        RunCommands.requireClasses(flat);
    }

    @Test
    void theNumberOfFindingsAndTheThreeLargestKindsArePrintedInOneLine() throws IOException {
        JsonNode totals = EventCodec.json().readTree("""
                [{"kind":"IDENTICAL_ACROSS_CLASSES","total":4,"kept":4,"concerned":9},
                 {"kind":"NEAR_IN_CLASS","total":1,"kept":1,"concerned":2},
                 {"kind":"HIDDEN","total":1005,"kept":1000,"concerned":1000},
                 {"kind":"UNLISTED_EXTENSION","total":2,"kept":2,"concerned":24}]""");
        assertThat(QueryCommands.findingsLine(totals, "http://x/findings"))
                .contains(
                        "Found in the dataset: 1,012 findings; the largest: hidden (1,005), unlisted extension (24), identical across classes (9); see http://x/findings");
        assertThat(QueryCommands.findingsLine(EventCodec.json().readTree("[]"), "http://x"))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "_classes.csv",
                "train.csv",
                "Train.csv",
                "training.csv",
                "LABELS.CSV",
                "trainLabels.csv",
                "train_labels.csv"
            })
    void acceptsALabelTableInsteadOfClassFolders(String table) throws IOException {
        Path flat = Files.createDirectories(folder.resolve("flat"));
        Files.writeString(flat.resolve(table), "filename,cat,dog\n1.jpg,1,0\n");
        RunCommands.requireClasses(flat);
    }

    @ParameterizedTest
    @ValueSource(strings = {"test.csv", "mytrain.csv", "train.csv.bak", "notes.txt"})
    void otherFilesDoNotReplaceClassFolders(String file) throws IOException {
        Path flat = Files.createDirectories(folder.resolve("flat"));
        Files.createFile(flat.resolve(file));
        assertThat(refused("run", flat.toString())).contains("has no class folders");
    }

    @Test
    void printsTheAddressOfEveryService() {
        RunningInstance instance = new RunningInstance(
                1, "", "127.0.0.1:9092", "http://i", "http://b", "http://t", "http://c", "/data", null);
        assertThat(UpCommands.Up.addresses(instance))
                .containsExactly(
                        "Kafka            127.0.0.1:9092",
                        "ingest-service   http://i",
                        "balance-service  http://b",
                        "trainer-service  http://t",
                        "cluster-service  http://c/api/v1/runs",
                        "Data and logs    /data");
    }

    @Test
    void rejectsAnInvalidSpecificationBeforeAnythingStarts() {
        assertThat(refused("run", images.toString(), "--epochs", "-1", "--data", data()))
                .contains("epochs", "-1");
        assertThat(refused("run", images.toString(), "--strategy", "sometimes", "--data", data()))
                .contains("sometimes");
        assertThat(refused("run", images.toString(), "--classifier", "vgg", "--data", data()))
                .contains("/classifier/preset", "one of resnet, seed-cnn");
        assertThat(refused("run", images.toString(), "--autoencoder", "vae", "--data", data()))
                .contains("/autoencoder/preset", "one of resnet-autoencoder, seed-autoencoder");
        assertThat(refused("run", images.toString(), "--side", "big", "--data", data()))
                .contains("/image/side", "\"big\"", "a multiple of 8 from 8 to 2048");
        assertThat(folder.resolve("data")).doesNotExist();
    }

    @Test
    void theCommandsThatPublishHaveEveryOptionOfTheTable() {
        String[] table = SpecFields.all().stream()
                .filter(field -> field.option() != null)
                .map(field -> field.option().name())
                .toArray(String[]::new);
        assertThat(table).hasSizeGreaterThan(10);
        for (String command : new String[] {"run", "publish", "compare"}) {
            assertThat(Peregrine.commandLine()
                            .getSubcommands()
                            .get(command)
                            .getCommandSpec()
                            .optionsMap())
                    .as(command)
                    .containsKeys(table);
        }
    }

    @Test
    void anOptionSetsEveryFieldThatHasIt() {
        SpecOptions options = new SpecOptions();
        new CommandLine(new WithOptions(options))
                .parseArgs(
                        "--seed",
                        "7",
                        "--epochs",
                        "3",
                        "--strategy",
                        "atLeast:40",
                        "--neighbours",
                        "adaptive",
                        "--test",
                        "0.2");
        assertThat(options.datasetReady(images)).hasToString("""
                {"dataset":"images","uri":"%s","split":{"test":0.2,"seed":7},\
                "balance":{"strategy":{"atLeast":40},"neighbours":"adaptive","seed":7},\
                "classifier":{"epochs":3,"seed":7},"autoencoder":{"epochs":3,"seed":7},"clusters":{"seed":7}}""".formatted(images.toUri()));
    }

    @CommandLine.Command(modelTransformer = SpecOptions.FromTable.class)
    private static final class WithOptions {
        @CommandLine.Mixin
        private final SpecOptions options;

        private WithOptions(SpecOptions options) {
            this.options = options;
        }
    }

    @Test
    void anOmittedOptionIsLeftToTheDefaults() {
        assertThat(new SpecOptions().datasetReady(images)).hasToString("""
                {"dataset":"images","uri":"%s"}""".formatted(images.toUri()));
    }

    @Test
    void initialWeightsMayBeInAnotherFolder() throws IOException {
        SpecOptions options = new SpecOptions();
        options.spec = Files.writeString(folder.resolve("spec.json"), """
                {"classifier": {"initialWeights": "file:///elsewhere/a.safetensors"}, "autoencoder": {"initialWeights": "file:/bad name"}}""");
        assertThat(SpecOptions.roots(images, options.datasetReady(images)))
                .containsExactly(images, Path.of("/elsewhere"));
    }

    @Test
    void reportsASpecificationThatIsNotAnObject() throws IOException {
        Path spec = Files.writeString(folder.resolve("spec.json"), "[1, 2]");
        assertThat(refused("run", images.toString(), "--spec", spec.toString()))
                .startsWith(spec + " does not contain a JSON object");
    }

    @Test
    void portsAreDefaultOrFree() {
        assertThat(refused("run", images.toString(), "--ports", "odd", "--data", data()))
                .endsWith("--ports is 'odd'; it must be 'default' or 'free'.");
    }

    @Test
    void commandsReportThatNothingIsRunning() {
        for (String[] asked :
                new String[][] {{"status"}, {"delete", "ab"}, {"prune"}, {"prune", "--dry-run"}, {"fsck"}}) {
            String[] words = Arrays.copyOf(asked, asked.length + 2);
            words[asked.length] = "--data";
            words[asked.length + 1] = data();
            assertThat(refused(words))
                    .isEqualTo(
                            "No Peregrine is running on %s. Start it with ./peregrine up, or give its folder with --data."
                                    .formatted(data()));
        }
    }

    /// A killed launcher leaves its process id, which another process has by now.
    @Test
    void downDoesNotEndAProcessThatReusesTheLaunchersId() throws Exception {
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
    void aDataFolderIsUsedByOneLauncherAtATime() throws IOException {
        Path data = Files.createDirectories(folder.resolve("data"));
        try (FileChannel another =
                FileChannel.open(data.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            assertThat(another.tryLock()).isNotNull();
            // A checkout that was not built yet reports that first.
            assertThat(refused("run", images.toString(), "--ports", "free", "--data", data()))
                    .containsAnyOf("The data folder " + data + " is in use", "is not built");
        }
    }

    /// In a separate process whose environment has no Prometheus.
    /// `./peregrine` selects UTF-8. A direct start of the class in another locale would read another path.
    @Test
    void argumentsThatTheLocaleCannotRepresentAreRefused() throws Exception {
        assumeThat(System.getProperty("sun.jnu.encoding"))
                .as("encoding of this process's locale")
                .isEqualTo("UTF-8");
        ProcessBuilder command = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Peregrine.class.getName(),
                        "publish",
                        "/tmp/日本語")
                .redirectErrorStream(true);
        command.environment().put("LC_ALL", "POSIX");
        Process process = command.start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
        assertThat(process.waitFor()).as(output).isEqualTo(2);
        assertThat(output).startsWith("An argument has characters").contains("LC_ALL=C.UTF-8");
    }

    @Test
    void aFolderWhoseNameBeginsWithAtIsNotAFileOfArguments() throws IOException {
        Path arguments = Files.writeString(folder.resolve("arguments"), "--help");
        Path named = Path.of("@" + arguments).toAbsolutePath();
        assertThat(refused("run", "@" + arguments)).isEqualTo("The folder " + named + " does not exist.");
    }

    @Test
    void observeWithoutPrometheusFailsBeforeAnythingStarts() throws Exception {
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
        String output = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
        assertThat(process.waitFor()).as(output).isEqualTo(2);
        assertThat(output)
                .startsWith("--observe needs Prometheus, but there is no program 'prometheus' on the PATH")
                .contains("deploy/prometheus/setup.sh")
                .doesNotContain("\n");
        assertThat(folder.resolve("data")).doesNotExist();
    }

    @Test
    void aGalleryHasTheStylesThatAreGiven() throws IOException {
        Path gallery = folder.resolve("gallery");
        assertThat(refused("gallery", gallery.toString(), "--train", "Cubsim=2"))
                .contains("'Cubsim' is not a style. Allowed: ", "Cubism");
        assertThat(Peregrine.commandLine()
                        .execute("gallery", gallery.toString(), "--side", "16", "--train", "Cubism=2"))
                .isZero();
        assertThat(gallery.resolve("train/Cubism")).isDirectoryContaining("glob:**/0001.png");
        try (Stream<Path> entries = Files.walk(gallery)) {
            assertThat(entries.filter(Files::isRegularFile)).hasSize(2);
        }
    }

    @Test
    void suggestsTheNearestOption() {
        assertThat(refused("demo", "--sides", "64"))
                .contains("Unknown option", "--sides", "Possible solutions: --side");
    }

    @Test
    void doctorFailsIfARequirementIsNotMet() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        assertThat(Peregrine.commandLine().execute("doctor", "--ports", "free", "--data", file.toString()))
                .isEqualTo(2);
        assertThat(Peregrine.commandLine().execute("doctor", "--ports", "free", "--data", data()))
                .isZero();
    }

    @Test
    void everyCommandHasHelp() {
        Peregrine.commandLine().getSubcommands().forEach((word, command) -> {
            StringWriter help = new StringWriter();
            int status =
                    Peregrine.commandLine().setOut(new PrintWriter(help, true)).execute(word, "--help");
            assertThat(status).as(word).isZero();
            // The help of a command with aliases shows its first name.
            assertThat(help.toString()).startsWith("Usage: peregrine " + command.getCommandName());
        });
    }
}
