package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.FileStore;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.S3Server;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.ClustersComputed;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.local.ProcessIdentity;
import io.peregrine.local.ProjectRoot;
import io.peregrine.local.Service;
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

/// `./peregrine delete`, `prune` and `fsck`, as a user types them, over two runs that share packs.
class PruneAndFsckTest {
    private static final String SPEC = """
            {"image":{"side":32},"balance":{"strategy":%s,"neighbours":3},
             "classifier":{"preset":"seed-cnn","epochs":3,"batchSize":8},
             "autoencoder":{"preset":"seed-autoencoder","epochs":1,"batchSize":8,"latent":12}}""";
    private static final String BUCKET = "peregrine";

    private record Said(int status, String words) {}

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
    void whatADeletedRunAloneNeededIsPrunedAndNothingElseAndFsckSeesWhatIsWrong() throws Exception {
        begin();
        try (PeregrineFixture house = PeregrineFixture.open(data, folder)) {
            announce(house);
            careIsTaken(house, data.resolve("store"));
            aComparisonOutlivesItsEvents(house);
        }
    }

    /// As after a week, when Kafka has dropped what was said of its runs.
    private void aComparisonOutlivesItsEvents(PeregrineFixture house) throws Exception {
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
        Said first = typed(compare);
        assertThat(first.status()).as(first.words()).isZero();
        String page = Files.readString(to.resolve("compare.md"));
        assertThat(page).contains("Recall of each class");

        house.dropAllEvents();
        Files.delete(to.resolve("compare.md"));
        Said again = typed(compare);
        assertThat(again.status()).as(again.words()).isZero();
        assertThat(again.words()).as("nothing is trained again").doesNotContain("accepted", "trained");
        assertThat(to.resolve("compare.md")).hasContent(page);
    }

    @Test
    @Tag("slow")
    void theSameInABucket() throws Exception {
        begin();
        try (S3Server server = new S3Server(folder.resolve("buckets"), BUCKET);
                PeregrineFixture house = PeregrineFixture.inBucket(data, folder, server, BUCKET)) {
            announce(house);
            careIsTaken(house, server.object(BUCKET, "store"));
        }
    }

    private void careIsTaken(PeregrineFixture house, Path store) throws Exception {
        String one = house.publish("one", gallery, SPEC.formatted("{\"atLeast\":16}"));
        String two = house.publish("two", gallery, SPEC.formatted("\"all\""));
        assertThat(house.awaitEnd(one)).isInstanceOf(RunCompleted.class);
        assertThat(house.awaitEnd(two)).isInstanceOf(RunCompleted.class);
        Set<String> ofOne = artifacts(house, one, store);
        Set<String> ofTwo = artifacts(house, two, store);
        Set<String> shared = new TreeSet<>(ofOne);
        shared.retainAll(ofTwo);
        assertThat(shared).anyMatch(uri -> uri.startsWith("store:pack/"));
        assertThat(ofOne).hasSizeGreaterThan(shared.size());
        // The trainer itself deletes what has expired, soon.
        Awaitility.await()
                .atMost(Duration.ofMinutes(1))
                .untilAsserted(() -> assertThat(files(store)).isEqualTo(needed(house)));
        assertThat(files(store)).containsAll(ofOne).containsAll(ofTwo);
        assertThat(typed("fsck")).satisfies(said -> {
            assertThat(said.status()).as(said.words()).isZero();
            assertThat(said.words()).contains("No artifact that a run references is missing or damaged");
        });

        assertThat(typed("delete", one).words()).startsWith("Deleted " + one).doesNotContain("not processed");
        assertThat(typed("delete", one))
                .isEqualTo(new Said(2, "Run '%s' does not exist. GET /api/v1/runs lists all runs.".formatted(one)));
        Set<String> before = files(store);
        String would = typed("prune", "--dry-run").words();
        assertThat(files(store)).isEqualTo(before);
        String deleted = typed("prune").words();
        assertThat(would.replace("Would delete", "Deleted")).isEqualTo(deleted);
        assertThat(files(store)).isEqualTo(needed(house)).containsAll(ofTwo);
        ofOne.removeAll(shared);
        assertThat(files(store)).doesNotContainAnyElementsOf(ofOne);

        somethingIsWrong(house, store, shared, two);

        assertThat(typed("delete", two).status()).isZero();
        // As one does who has containers and no command.
        for (String address : house.addresses().values()) {
            ProcessBuilder care = new ProcessBuilder(
                    ProjectRoot.path().resolve("deploy/compose/image/care").toString(), "prune");
            care.environment().put("QUARKUS_HTTP_PORT", address.substring(address.lastIndexOf(':') + 1));
            assertThat(said(care)).satisfies(said -> {
                assertThat(said.status()).isZero();
                assertThat(said.words()).matches("\\{\"artifacts\":[0-9]+,\"bytes\":[0-9]+}");
            });
        }
        assertThat(needed(house)).isEmpty();
        assertThat(files(store)).isEmpty();
    }

    private void somethingIsWrong(PeregrineFixture house, Path store, Set<String> shared, String run) throws Exception {
        List<String> packs =
                shared.stream().filter(uri -> uri.startsWith("store:pack/")).toList();
        Path damaged = store.resolve(name(packs.get(0)));
        byte[] whole = Files.readAllBytes(damaged);
        byte[] bytes = whole.clone();
        bytes[bytes.length - 1] ^= 1;
        Files.write(damaged, bytes);
        Path missing = store.resolve(name(packs.get(1)));
        byte[] gone = Files.readAllBytes(missing);
        Files.delete(missing);
        Path stray = Files.createDirectories(store.resolve("shard/ab")).resolve("ab".repeat(32) + ".safetensors");
        Files.writeString(stray, "whose?");

        Said said = typed("fsck");

        assertThat(said.status()).as(said.words()).isEqualTo(1);
        assertThat(said.words())
                .containsPattern("damaged +" + packs.get(0) + " .*hash.+\n +referenced by " + run)
                .containsPattern("missing +" + packs.get(1) + " is not in .+\n +referenced by " + run)
                .contains("unneeded  store:shard/ab/" + "ab".repeat(32) + ".safetensors, 6 bytes, spared")
                .contains("2 artifacts are missing or damaged. Publish the datasets")
                .contains("1 files are not referenced by any run; ./peregrine prune");
        Path taken = store.resolve("damaged");
        if (Files.isDirectory(taken)) {
            // A folder's: nobody can use it any more. An object keeps its name.
            assertThat(damaged).doesNotExist();
            Path kept = taken.resolve(taken.toFile().list()[0]);
            assertThat(kept).hasBinaryContent(bytes);
            Files.delete(kept);
            Files.delete(taken);
        } else {
            assertThat(damaged).hasBinaryContent(bytes);
        }
        assertThat(missing).doesNotExist();
        assertThat(stray).exists();
        Files.write(damaged, whole);
        Files.write(missing, gone);
        Files.delete(stray);
        assertThat(typed("fsck").status()).isZero();
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

    /// @return what the four services have written down
    private static Set<String> needed(PeregrineFixture house) throws Exception {
        Set<String> needed = new TreeSet<>();
        for (Service service : Service.values()) {
            try (Connection database = house.database(service.word());
                    ResultSet rows = database.createStatement().executeQuery("select uri from needed")) {
                while (rows.next()) {
                    needed.add(rows.getString(1));
                }
            }
        }
        return needed;
    }

    /// @return what was said of a run, but for checkpoints that have expired
    private Set<String> artifacts(PeregrineFixture house, String run, Path store) throws IOException {
        Listener said = house.listener();
        DatasetSealed sealed = said.of(run, DatasetSealed.class).getFirst();
        List<ArtifactRef> refs = new ArrayList<>(List.of(
                sealed.run().spec(),
                sealed.manifest().tensors(),
                sealed.manifest().json()));
        refs.addAll(Manifest.open(new FileStore(store), sealed.manifest()).packs());
        refs.addAll(said.of(run, DatasetBalanced.class).getFirst().shards());
        ClustersComputed clusters = said.of(run, ClustersComputed.class).getFirst();
        refs.add(clusters.clusters());
        refs.add(clusters.latents());
        // This has made itself a folder to write aside.
        Files.deleteIfExists(store.resolve("aside"));
        Set<String> uris = said.keptCheckpoints(run);
        refs.forEach(ref -> uris.add(ref.uri()));
        return uris;
    }

    /// As `./peregrine up` does, for commands that look for what is up.
    private void announce(PeregrineFixture house) throws IOException {
        ObjectNode instance = EventCodec.json().createObjectNode();
        ProcessIdentity launcher = ProcessIdentity.current();
        instance.put("launcher", launcher.pid())
                .put("launcherStarted", launcher.started())
                .put("kafka", house.kafka());
        house.addresses().forEach((service, address) -> instance.put(service.word(), address));
        instance.put("data", data.toString());
        Files.writeString(data.resolve("peregrine.json"), instance.toString());
    }

    private Said typed(String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "io.peregrine.local.cli.Peregrine"));
        command.addAll(List.of(words));
        command.addAll(List.of("--data", data.toString()));
        return said(new ProcessBuilder(command));
    }

    private static Said said(ProcessBuilder command) throws Exception {
        Process process = command.redirectErrorStream(true).start();
        // What hangs fails here, and not the whole build.
        process.onExit().orTimeout(2, TimeUnit.MINUTES).whenComplete((ended, late) -> {
            // Also of a process that has ended it would close the streams, perhaps before they are read.
            if (late != null) {
                process.destroyForcibly();
            }
        });
        String words = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
        return new Said(process.waitFor(), words);
    }
}
