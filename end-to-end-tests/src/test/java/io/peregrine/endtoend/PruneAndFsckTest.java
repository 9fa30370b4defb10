package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.artifacts.store.S3Server;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.ClustersComputed;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.launcher.ProcessIdentity;
import io.peregrine.launcher.Service;
import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs `./peregrine delete`, `prune` and `fsck` on two runs that share packs.
class PruneAndFsckTest {
    private static final String SPEC = """
            {"image":{"side":32},"balance":{"strategy":%s,"neighbours":3},
             "classifier":{"preset":"seed-cnn","epochs":3,"batchSize":8},
             "autoencoder":{"preset":"seed-autoencoder","epochs":1,"batchSize":8,"latent":12}}""";
    private static final String BUCKET = "peregrine";

    private record Result(int status, String output) {}

    @TempDir
    Path folder;

    private Path data;
    private Path gallery;

    private void begin() throws IOException {
        data = folder.resolve("data");
        gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 32, 4, 14, 9, 12);
    }

    @Test
    void prunesExactlyTheArtifactsOfADeletedRunAndFsckFindsDamage() throws Exception {
        begin();
        try (PeregrineFixture fixture = PeregrineFixture.open(data, folder)) {
            announce(fixture);
            assertPruneAndFsck(fixture, data.resolve("store"));
            assertAComparisonResumesWithoutItsEvents(fixture);
        }
    }

    /// As after a week, when Kafka has deleted the events of the comparison's runs.
    private void assertAComparisonResumesWithoutItsEvents(PeregrineFixture fixture) throws Exception {
        Path to = folder.resolve("compared");
        String[] compare = {
            "compare",
            gallery.toString(),
            "--strategies",
            "none",
            "--seeds",
            "1",
            "--side",
            "32",
            "--epochs",
            "1",
            "--to",
            to.toString()
        };
        Result first = run(compare);
        assertThat(first.status()).as(first.output()).isZero();
        String page = Files.readString(to.resolve("compare.md"));
        assertThat(page).contains("Recall of each class");

        fixture.dropAllEvents();
        Files.delete(to.resolve("compare.md"));
        Result again = run(compare);
        assertThat(again.status()).as(again.output()).isZero();
        assertThat(again.output()).as("no run is trained again").doesNotContain("accepted ", "trained ");
        assertThat(to.resolve("compare.md")).hasContent(page);
    }

    @Test
    @Tag("slow")
    void prunesAndChecksABucket() throws Exception {
        begin();
        try (S3Server server = new S3Server(folder.resolve("buckets"), BUCKET);
                PeregrineFixture fixture = PeregrineFixture.inBucket(data, folder, server, BUCKET)) {
            announce(fixture);
            assertPruneAndFsck(fixture, server.object(BUCKET, "store"));
        }
    }

    private void assertPruneAndFsck(PeregrineFixture fixture, Path store) throws Exception {
        String one = fixture.publish("one", gallery, SPEC.formatted("{\"atLeast\":16}"));
        String two = fixture.publish("two", gallery, SPEC.formatted("\"all\""));
        assertThat(fixture.awaitEnd(one)).isInstanceOf(RunCompleted.class);
        assertThat(fixture.awaitEnd(two)).isInstanceOf(RunCompleted.class);
        Set<String> ofOne = artifacts(fixture, one, store);
        Set<String> ofTwo = artifacts(fixture, two, store);
        Set<String> shared = new TreeSet<>(ofOne);
        shared.retainAll(ofTwo);
        assertThat(shared).anyMatch(uri -> uri.startsWith("store:pack/"));
        assertThat(ofOne).hasSizeGreaterThan(shared.size());
        // The trainer deletes expired checkpoints soon.
        Awaitility.await()
                .atMost(Duration.ofMinutes(1))
                .untilAsserted(() -> assertThat(files(store)).isEqualTo(needed(fixture)));
        assertThat(files(store)).containsAll(ofOne).containsAll(ofTwo);
        assertThat(run("fsck")).satisfies(result -> {
            assertThat(result.status()).as(result.output()).isZero();
            assertThat(result.output()).contains("No artifact that a run references is missing or damaged");
        });

        assertThat(run("delete", one).output()).startsWith("Deleted " + one).doesNotContain("not processed");
        assertThat(run("delete", one))
                .isEqualTo(new Result(2, "Run '%s' does not exist. GET /api/v1/runs lists all runs.".formatted(one)));
        Set<String> before = files(store);
        String would = run("prune", "--dry-run").output();
        assertThat(files(store)).isEqualTo(before);
        String deleted = run("prune").output();
        assertThat(would.replace("Would delete", "Deleted")).isEqualTo(deleted);
        assertThat(files(store)).isEqualTo(needed(fixture)).containsAll(ofTwo);
        ofOne.removeAll(shared);
        assertThat(files(store)).doesNotContainAnyElementsOf(ofOne);

        assertFsckFindsDamage(fixture, store, shared, two);

        assertThat(run("delete", two).status()).isZero();
        // As in a container, which has no `peregrine` command.
        for (String address : fixture.addresses().values()) {
            ProcessBuilder care = new ProcessBuilder(
                    ProjectRoot.path().resolve("deploy/compose/image/care.sh").toString(), "prune");
            care.environment().put("QUARKUS_HTTP_PORT", address.substring(address.lastIndexOf(':') + 1));
            assertThat(run(care)).satisfies(result -> {
                assertThat(result.status()).isZero();
                assertThat(result.output()).matches("\\{\"artifacts\":[0-9]+,\"bytes\":[0-9]+}");
            });
        }
        assertThat(needed(fixture)).isEmpty();
        assertThat(files(store)).isEmpty();
    }

    private void assertFsckFindsDamage(PeregrineFixture fixture, Path store, Set<String> shared, String run)
            throws Exception {
        List<String> packs =
                shared.stream().filter(uri -> uri.startsWith("store:pack/")).toList();
        Path damaged = store.resolve(name(packs.get(0)));
        byte[] whole = Files.readAllBytes(damaged);
        byte[] bytes = whole.clone();
        bytes[bytes.length - 1] ^= 1;
        Files.write(damaged, bytes);
        Path missing = store.resolve(name(packs.get(1)));
        byte[] deletedBytes = Files.readAllBytes(missing);
        Files.delete(missing);
        Path stray = Files.createDirectories(store.resolve("shard/ab")).resolve("ab".repeat(32) + ".safetensors");
        Files.writeString(stray, "whose?");

        Result result = run("fsck");

        assertThat(result.status()).as(result.output()).isEqualTo(1);
        assertThat(result.output())
                .containsPattern("damaged +" + packs.get(0) + " .*hash.+\n +referenced by " + run)
                .containsPattern("missing +" + packs.get(1) + " is not in .+\n +referenced by " + run)
                .contains("unneeded  store:shard/ab/" + "ab".repeat(32) + ".safetensors, 6 bytes, kept until")
                .contains("2 artifacts are missing or damaged. Publish the datasets")
                .contains("1 files are not referenced by any run; ./peregrine prune");
        Path quarantine = store.resolve("damaged");
        if (Files.isDirectory(quarantine)) {
            // In a folder, fsck moves a damaged file away, so that no run uses it. An object in a bucket keeps
            // its name.
            assertThat(damaged).doesNotExist();
            Path kept = quarantine.resolve(quarantine.toFile().list()[0]);
            assertThat(kept).hasBinaryContent(bytes);
            Files.delete(kept);
            Files.delete(quarantine);
        } else {
            assertThat(damaged).hasBinaryContent(bytes);
        }
        assertThat(missing).doesNotExist();
        assertThat(stray).exists();
        Files.write(damaged, whole);
        Files.write(missing, deletedBytes);
        Files.delete(stray);
        assertThat(run("fsck").status()).isZero();
    }

    private static String name(String uri) {
        return uri.substring(ArtifactStore.SCHEME.length());
    }

    private static Set<String> files(Path store) throws IOException {
        if (!Files.isDirectory(store)) {
            return Set.of();
        }
        try (Stream<Path> files = Files.walk(store)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> ArtifactStore.SCHEME + store.relativize(file))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    /// @return URIs of all artifacts that the four services reference
    private static Set<String> needed(PeregrineFixture fixture) throws Exception {
        Set<String> needed = new TreeSet<>();
        for (Service service : Service.values()) {
            try (Connection database = fixture.database(service.word());
                    ResultSet rows = database.createStatement().executeQuery("select uri from needed")) {
                while (rows.next()) {
                    needed.add(rows.getString(1));
                }
            }
        }
        return needed;
    }

    /// @return URIs of a run's artifacts, without expired checkpoints
    private Set<String> artifacts(PeregrineFixture fixture, String run, Path store) throws IOException {
        Listener events = fixture.listener();
        DatasetSealed sealed = events.of(run, DatasetSealed.class).getFirst();
        List<ArtifactRef> refs = new ArrayList<>(List.of(
                sealed.run().spec(),
                sealed.manifest().tensors(),
                sealed.manifest().json()));
        refs.addAll(Manifest.open(new FileStore(store), sealed.manifest()).packs());
        refs.addAll(events.of(run, DatasetBalanced.class).getFirst().shards());
        ClustersComputed clusters = events.of(run, ClustersComputed.class).getFirst();
        refs.add(clusters.clusters());
        refs.add(clusters.latents());
        // The FileStore above has created its folder for temporary files.
        Files.deleteIfExists(store.resolve("aside"));
        Set<String> uris = events.keptCheckpoints(run);
        refs.forEach(ref -> uris.add(ref.uri()));
        return uris;
    }

    /// Writes the file of `./peregrine up`, so that commands find the running instance.
    private void announce(PeregrineFixture fixture) throws IOException {
        ObjectNode instance = EventCodec.json().createObjectNode();
        ProcessIdentity launcher = ProcessIdentity.current();
        instance.put("launcher", launcher.pid())
                .put("launcherStarted", launcher.started())
                .put("kafka", fixture.kafka());
        fixture.addresses().forEach((service, address) -> instance.put(service.word(), address));
        instance.put("data", data.toString());
        Files.writeString(data.resolve("peregrine.json"), instance.toString());
    }

    private Result run(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "io.peregrine.launcher.cli.Peregrine"));
        command.addAll(List.of(arguments));
        command.addAll(List.of("--data", data.toString()));
        return run(new ProcessBuilder(command));
    }

    private static Result run(ProcessBuilder command) throws Exception {
        Process process = command.redirectErrorStream(true).start();
        // A command that hangs fails the test instead of blocking the build.
        process.onExit().orTimeout(2, TimeUnit.MINUTES).whenComplete((ended, late) -> {
            // Calling it for a process that has ended would close its streams, perhaps before they are read.
            if (late != null) {
                process.destroyForcibly();
            }
        });
        String output = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
        return new Result(process.waitFor(), output);
    }
}
