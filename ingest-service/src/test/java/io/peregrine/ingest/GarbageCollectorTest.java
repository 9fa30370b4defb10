package io.peregrine.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;

import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.WithKafka;
import io.peregrine.work.jobs.Database;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.path.json.JsonPath;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Two runs that share packs. Deleting one of them deletes only what the other does not reference.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "ingest"))
class GarbageCollectorTest extends WithKafka {
    @ConfigProperty(name = "peregrine.roots")
    String roots;

    @ConfigProperty(name = "peregrine.store")
    Path storeFolder;

    @Inject
    Database database;

    private Folder folder;

    @BeforeEach
    void makeFolder() throws IOException {
        folder = new Folder(Files.createTempDirectory(Path.of(roots), "shared"));
    }

    private DatasetSealed ingest(String dataset) {
        return kafka.await(
                kafka.publish(
                        "{\"dataset\":\"%s\",\"uri\":\"%s\",\"image\":{\"side\":32}}".formatted(dataset, folder.uri())),
                DatasetSealed.class);
    }

    private void delete(DatasetSealed sealed) {
        String run = sealed.run().id();
        kafka.publish(new RunDeleted(sealed.run()), "cluster-service", "");
        Awaitility.await()
                .untilAsserted(() -> RestAssured.get("/api/v1/artifacts?run=" + run)
                        .then()
                        .statusCode(200)
                        .body("artifacts", equalTo(0)));
    }

    /// @return the artifacts in events of a run, except its listing
    private Set<String> artifacts(DatasetSealed sealed) {
        List<ArtifactRef> refs = new ArrayList<>(
                Manifest.open(new FileStore(storeFolder), sealed.manifest()).packs());
        refs.addAll(List.of(
                sealed.run().spec(),
                sealed.manifest().tensors(),
                sealed.manifest().json()));
        Set<String> uris = new HashSet<>();
        refs.forEach(ref -> uris.add(ref.uri()));
        return uris;
    }

    private Set<String> files() throws IOException {
        try (Stream<Path> files = Files.walk(storeFolder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> "store:" + storeFolder.relativize(file))
                    .collect(java.util.stream.Collectors.toSet());
        }
    }

    private long count(String query) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery(query).mapTo(Long.class).one());
    }

    @Test
    void sharedPacksRemainUntilTheLastRunIsDeleted() throws Exception {
        // The number of images is unique in this test class, so no other run has the same manifest.
        folder.image("Cubism/shared.png").image("Cubism/also.png").image("Rococo/of-the-first.png");
        DatasetSealed first = ingest("first");
        Set<String> ofFirst = artifacts(first);
        Files.delete(folder.root().resolve("Rococo/of-the-first.png"));
        folder.image("Rococo/of-the-second.png");
        DatasetSealed second = ingest("second");
        Set<String> ofSecond = artifacts(second);
        Set<String> shared = new HashSet<>(ofFirst);
        shared.retainAll(ofSecond);
        assertThat(shared)
                .as("the pack of Cubism, and the tensors of the manifest")
                .hasSize(2)
                .anyMatch(uri -> uri.startsWith("store:pack/"));
        long reusable = count("select count(*) from decoded_pack");

        delete(first);
        ofFirst.removeAll(shared);
        JsonPath unneeded = RestAssured.get("/api/v1/artifacts/unneeded")
                .then()
                .statusCode(200)
                .extract()
                .jsonPath();
        assertThat(unneeded.<String>getList("items.uri"))
                .containsAll(ofFirst)
                .as("with its listing")
                .hasSize(ofFirst.size() + 1);
        assertThat(files()).as("nothing is deleted without pruning").containsAll(ofFirst);
        RestAssured.post("/api/v1/artifacts/prune")
                .then()
                .statusCode(200)
                .body("artifacts", equalTo(unneeded.getInt("artifacts")))
                .body("bytes", equalTo(unneeded.getInt("bytes")));
        assertThat(files()).doesNotContainAnyElementsOf(ofFirst).containsAll(ofSecond);
        assertThat(count("select count(*) from decoded_pack")).isEqualTo(reusable - 1);

        delete(second);
        RestAssured.post("/api/v1/artifacts/prune").then().statusCode(200);
        assertThat(files()).doesNotContainAnyElementsOf(ofSecond);
        assertThat(
                        count(
                                "select count(*) from artifact where not exists (select 1 from needed where needed.uri = artifact.uri)"))
                .isZero();
        // Decoded again, with the same names as before.
        assertThat(artifacts(ingest("third"))).containsAll(shared);
        assertThat(files()).containsAll(shared);
    }

    @Test
    void aReusedPackOutlivesTheRunThatDecodedIt() throws Exception {
        folder.image("Cubism/kept.png");
        DatasetSealed first = ingest("giver");
        DatasetSealed second = ingest("taker");
        delete(first);
        RestAssured.post("/api/v1/artifacts/prune").then().statusCode(200);

        assertThat(files()).containsAll(artifacts(second));
        assertThat(artifacts(ingest("another")))
                .containsAll(artifacts(second).stream()
                        .filter(uri -> uri.startsWith("store:pack/"))
                        .toList());
    }

    @Test
    void theCheckReportsMissingOrDamagedArtifactsAndPublishingAgainRepairsThem() throws Exception {
        folder.image("Cubism/a.png").image("Rococo/b.png");
        DatasetSealed sealed = ingest("checked");
        RestAssured.get("/api/v1/artifacts/check")
                .then()
                .statusCode(200)
                .body("artifacts", greaterThanOrEqualTo(6))
                .body("items", empty());

        FileStore plain = new FileStore(storeFolder);
        List<ArtifactRef> packs = Manifest.open(plain, sealed.manifest()).packs();
        Path damaged = plain.path(packs.getFirst());
        byte[] bytes = Files.readAllBytes(damaged);
        bytes[bytes.length / 2] ^= 1;
        Files.write(damaged, bytes);
        Files.delete(plain.path(packs.getLast()));
        Path orphan = Files.createDirectories(storeFolder.resolve("pack/ab")).resolve("ab".repeat(32) + ".safetensors");
        Files.writeString(orphan, "an orphan");

        JsonPath checked = RestAssured.get("/api/v1/artifacts/check")
                .then()
                .statusCode(200)
                .extract()
                .jsonPath();
        assertThat(checked.<String>getList("items.uri"))
                .containsExactlyInAnyOrder(
                        packs.getFirst().uri(), packs.getLast().uri());
        assertThat(checked.<String>getList("items.code"))
                .containsExactlyInAnyOrder("ARTIFACT_CORRUPT", "ARTIFACT_MISSING");
        assertThat(checked.<List<String>>getList("items.runs"))
                .containsOnly(List.of(sealed.run().id()));
        assertThat(damaged).doesNotExist();
        assertThat(storeFolder.resolve("damaged"))
                .isDirectoryContaining(file -> file.getFileName()
                        .toString()
                        .startsWith(packs.getFirst().sha256()));
        assertThat(RestAssured.get("/api/v1/artifacts/check").jsonPath().<String>getList("items.code"))
                .as("a quarantined artifact is still reported as damaged")
                .containsExactlyInAnyOrder("ARTIFACT_CORRUPT", "ARTIFACT_MISSING");
        JsonPath unneeded = RestAssured.get("/api/v1/artifacts/unneeded").jsonPath();
        assertThat(unneeded.<String>getList("items.uri")).contains("store:pack/ab/" + "ab".repeat(32) + ".safetensors");
        assertThat(unneeded.getInt("retained")).isEqualTo(1);
        Files.delete(orphan);

        assertThat(ingest("checked again").manifest()).isEqualTo(sealed.manifest());
        RestAssured.get("/api/v1/artifacts/check").then().statusCode(200).body("items", empty());

        // Damage without a check: publishing again is enough to repair it.
        Files.write(damaged, bytes);
        assertThat(ingest("published again").manifest()).isEqualTo(sealed.manifest());
        assertThat(new FileStore(storeFolder).holds(packs.getFirst())).isTrue();
        assertThat(RestAssured.get("/q/metrics").asString())
                .containsPattern("peregrine_artifacts_damaged_total\\{kind=\"pack\"\\} 2\\.0")
                .containsPattern("peregrine_artifacts_damaged_total\\{kind=\"shard\"\\} 0\\.0");
        RestAssured.get("/q/health/ready")
                .then()
                .statusCode(200)
                .body("checks.find { it.name == 'Store' }.data.freeBytes.toLong()", greaterThanOrEqualTo(1L))
                .body(
                        "checks.find { it.name == 'Store' }.data.folder",
                        equalTo(storeFolder.toAbsolutePath().toString()));
    }
}
