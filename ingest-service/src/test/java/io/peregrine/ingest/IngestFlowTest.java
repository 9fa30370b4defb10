package io.peregrine.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.RunSpecs;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureKind;
import io.peregrine.events.FieldError;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.ImageRef;
import io.peregrine.events.PipelineEvent.ImageRejected;
import io.peregrine.events.PipelineEvent.ImagesIngested;
import io.peregrine.events.PipelineEvent.RunAccepted;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.events.spec.RunSpec.WeightsSource;
import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.WithKafka;
import io.peregrine.work.jobs.Database;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.eclipse.microprofile.config.ConfigProvider;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// From `dataset.ready` to a sealed dataset, on a real broker and a real database.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "ingest"))
class IngestFlowTest extends WithKafka {
    @ConfigProperty(name = "peregrine.roots")
    String roots;

    @Inject
    ArtifactStore store;

    @Inject
    Database database;

    private Folder folder;

    @BeforeEach
    void makeFolder() throws IOException {
        folder = new Folder(Files.createTempDirectory(Path.of(roots), "gallery"));
    }

    @Test
    void plainJsonStartsARunAndATruncatedJpegIsRejected() throws Exception {
        folder.image("train/Cubism/b.jpg")
                .bytes("train/Cubism/half.jpg", Folder.halfJpeg())
                .image("train/Cubism/z/a.png")
                .image("train/Rococo/1.jpg")
                .image("train/Rococo/2.bmp")
                .image("test/Cubism/b.jpg")
                .bytes("train/Cubism/readme.txt", "not listed".getBytes())
                .bytes("test/Rococo/words.png", "no image".getBytes());
        String run = kafka.publish(readyOf("gallery", 16));

        DatasetSealed sealed = kafka.await(run, DatasetSealed.class);

        RunAccepted accepted = kafka.await(run, RunAccepted.class);
        assertThat(accepted.uri()).isEqualTo(folder.uri());
        RunSpec spec = RunSpecs.open(store, accepted.run());
        assertThat(spec.image().side()).isEqualTo(16);
        assertThat(spec.classifier().preset()).isEqualTo("resnet");

        List<ImageRejected> rejected = kafka.of(run, ImageRejected.class);
        assertThat(rejected)
                .extracting(ImageRejected::source, ImageRejected::reason, ImageRejected::row, ImageRejected::split)
                .containsExactlyInAnyOrder(
                        tuple("half.jpg", "IMAGE_TRUNCATED", 3L, Split.TRAIN),
                        tuple("words.png", "NOT_AN_IMAGE", 1L, Split.TEST));
        assertThat(sealed.images()).isEqualTo(5);
        assertThat(sealed.refused()).isEqualTo(2);
        assertThat(sealed.classes()).isEqualTo(2);

        Manifest manifest = Manifest.open(store, sealed.manifest());
        assertThat(manifest.classes()).containsExactly("Cubism", "Rococo");
        assertThat(manifest.rows()).isEqualTo(7);
        assertThat(manifest.path(2)).isEqualTo("b.jpg");
        assertThat(manifest.path(4)).isEqualTo("z/a.png");
        assertThat(manifest.reason(3)).isEqualTo("IMAGE_TRUNCATED");
        assertThat(manifest.rowsOf(Split.TRAIN, 0)).containsExactly(2, 4);
        for (ImagesIngested images : kafka.of(run, ImagesIngested.class)) {
            assertThat(images.pixels()).isEqualTo(manifest.packs().get(images.pack()));
            for (ImageRef image : images.images()) {
                assertThat(manifest.pack((int) image.row())).isEqualTo(images.pack());
                assertThat(manifest.index((int) image.row())).isEqualTo(image.index());
                assertThat(manifest.sha256((int) image.row())).isEqualTo(image.sha256());
            }
        }
        try (PixelPack pack = PixelPack.open(store, manifest.packs().get(manifest.pack(4)))) {
            assertThat(pack.count()).isEqualTo(2);
            assertThat(pack.side()).isEqualTo(16);
        }
        for (CloudEvent event : kafka.envelopes(run)) {
            assertThat(event.correlationId()).isEqualTo(run);
        }
    }

    @Test
    void aSecondRunReusesThePacksOfTheFirstAndPublishesItsRejectionsAgain() throws Exception {
        folder.image("Cubism/a.jpg").bytes("Cubism/half.jpg", Folder.halfJpeg()).image("Rococo/b.png");
        DatasetSealed first = kafka.await(kafka.publish(readyOf("one", 24)), DatasetSealed.class);
        double reused = metric("peregrine_packs_total{result=\"reused\"");

        String second = kafka.publish(readyOf("two", 24));
        DatasetSealed again = kafka.await(second, DatasetSealed.class);

        assertThat(again.manifest()).isEqualTo(first.manifest());
        assertThat(metric("peregrine_packs_total{result=\"reused\"")).isEqualTo(reused + 2);
        assertThat(kafka.of(second, ImageRejected.class))
                .extracting(ImageRejected::reason)
                .containsExactly("IMAGE_TRUNCATED");
        assertThat(kafka.of(second, ImagesIngested.class))
                .flatExtracting(ImagesIngested::images)
                .hasSize(2);

        ArtifactRef lost = Manifest.open(store, first.manifest()).packs().getFirst();
        Path file = store.open(lost);
        Files.delete(file);
        DatasetSealed repaired = kafka.await(kafka.publish(readyOf("three", 24)), DatasetSealed.class);
        assertThat(repaired.manifest()).isEqualTo(first.manifest());
        assertThat(file).exists();
    }

    @Test
    void anAddedImageIsDecodedWithTheImagesOfItsClassAndSplitOnly() throws Exception {
        for (String split : List.of("train", "test")) {
            for (String label : List.of("Cubism", "Rococo")) {
                folder.image("%s/%s/1.jpg".formatted(split, label)).image("%s/%s/2.png".formatted(split, label));
            }
        }
        DatasetSealed before = kafka.await(kafka.publish(readyOf("grows", 40)), DatasetSealed.class);
        double packs = metric("peregrine_packs_total{result=\"decoded\"");
        double images = metric("peregrine_decode_seconds_count");

        folder.image("train/Rococo/0.jpg");
        DatasetSealed after = kafka.await(kafka.publish(readyOf("grows", 40)), DatasetSealed.class);

        assertThat(metric("peregrine_packs_total{result=\"decoded\"")).isEqualTo(packs + 1);
        assertThat(metric("peregrine_decode_seconds_count")).isEqualTo(images + 3);
        assertThat(after.images()).isEqualTo(before.images() + 1);
        Manifest first = Manifest.open(store, before.manifest());
        Manifest second = Manifest.open(store, after.manifest());
        // test/Cubism, test/Rococo, train/Cubism, train/Rococo
        assertThat(second.packs().subList(0, 3)).isEqualTo(first.packs().subList(0, 3));
        assertThat(second.packs().getLast()).isNotEqualTo(first.packs().getLast());
        assertThat(second.pack(second.rows() - 1)).isEqualTo(3);
    }

    @Test
    void aBadSpecificationFailsTheRunWithEveryFieldsError() throws Exception {
        String run = kafka.publish(
                "{\"dataset\":\"bad\",\"uri\":\"%s\",\"classifier\":{\"epochs\":-1},\"imgae\":{\"side\":9}}"
                        .formatted(folder.uri()));

        RunFailed failed = kafka.await(run, RunFailed.class);

        assertThat(failed.kind()).isEqualTo(FailureKind.INPUT);
        assertThat(failed.reason()).isEqualTo("BAD_SPEC");
        assertThat(failed.errors())
                .extracting(FieldError::field)
                .containsExactlyInAnyOrder("/classifier/epochs", "/imgae");
        assertThat(failed.run().spec()).isNull();
    }

    @Test
    void theErrorsOfACompletelyWrongSpecificationFitOneEvent() throws Exception {
        StringBuilder fields = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            fields.append(",\"%s%d\":\"%s\"".formatted("\\u0001".repeat(150), i, "\\u0002".repeat(150)));
        }
        String run = kafka.publish("{\"dataset\":\"%s\",\"uri\":7%s}".formatted("d".repeat(50_000), fields));

        RunFailed failed = kafka.await(run, RunFailed.class);

        assertThat(failed.reason()).isEqualTo("BAD_SPEC");
        assertThat(failed.run().dataset()).hasSize(201);
        assertThat(failed.errors()).hasSize(20);
    }

    @Test
    void invalidFoldersFailTheirRunsAndTheNextRunSucceeds() throws Exception {
        folder.image("Cubism/a.jpg");
        Path outside = Files.createTempDirectory("outside");
        Files.createSymbolicLink(folder.root().resolveSibling("way-out"), outside);
        String linked = kafka.publish("{\"dataset\":\"x\",\"uri\":\"file://%s/way-out\"}".formatted(roots));
        String missing = kafka.publish("{\"dataset\":\"x\",\"uri\":\"file://%s/nowhere\"}".formatted(roots));
        String elsewhere = kafka.publish("{\"dataset\":\"x\",\"uri\":\"file:///etc\"}");
        Folder refused = new Folder(Files.createTempDirectory(Path.of(roots), "refused"));
        refused.bytes("Cubism/a.jpg", Folder.halfJpeg()).image("Rococo/b.jpg");
        String halves = kafka.publish("{\"dataset\":\"x\",\"uri\":\"%s\"}".formatted(refused.uri()));
        String good = kafka.publish(readyOf("good", 16));

        assertThat(kafka.await(linked, RunFailed.class).reason()).isEqualTo("OUTSIDE_ROOTS");
        assertThat(kafka.await(missing, RunFailed.class).reason()).isEqualTo("FOLDER_MISSING");
        assertThat(kafka.await(elsewhere, RunFailed.class).reason()).isEqualTo("OUTSIDE_ROOTS");
        RunFailed empty = kafka.await(halves, RunFailed.class);
        assertThat(empty.reason()).isEqualTo("CLASS_REFUSED");
        assertThat(empty.detail()).contains("Cubism", "IMAGE_TRUNCATED 1");
        assertThat(empty.run().spec()).isNotNull();
        assertThat(kafka.await(good, DatasetSealed.class).images()).isEqualTo(1);
    }

    @Test
    void initialWeightsAreStoredWithTheRun() throws Exception {
        folder.image("Cubism/a.jpg");
        Path weights = folder.root().resolve("mine.safetensors");
        new SafetensorsWriter().add("w", new long[] {1}, new float[] {7}).writeTo(weights);
        byte[] content = Files.readAllBytes(weights);
        String mine = "\"" + weights.toUri() + "\"";
        RunRef first =
                kafka.await(kafka.publish(readyOf(mine)), RunAccepted.class).run();
        Files.delete(weights);

        ArtifactRef kept = init(first);
        assertThat(kept.uri()).startsWith("store:weights/");
        assertThat(Files.readAllBytes(store.open(kept))).isEqualTo(content);
        assertThat(neededBy(first)).contains(kept.uri());
        // Uses a checkpoint of another run, which this run then references, too.
        ArtifactRef checkpoint = store.unreferenced().publish("checkpoint", "safetensors", content);
        RunRef second = kafka.await(
                        kafka.publish(readyOf(EventCodec.json().writeValueAsString(checkpoint))), RunAccepted.class)
                .run();
        assertThat(init(second)).isEqualTo(kept);
        assertThat(neededBy(second)).contains(kept.uri());

        store.delete(List.of(checkpoint.uri()));
        for (String[] bad : new String[][] {
            {mine, "FILE_MISSING", "mine.safetensors"},
            {"\"file:///etc/passwd\"", "OUTSIDE_ROOTS", "PEREGRINE_ROOTS"},
            {"\"%sCubism/a.jpg\"".formatted(folder.uri()), "INITIAL_WEIGHTS_UNREADABLE", "safetensors.torch.save_file"},
            {EventCodec.json().writeValueAsString(checkpoint), "INITIAL_WEIGHTS_NOT_FOUND", checkpoint.uri()}
        }) {
            RunFailed failed = kafka.await(kafka.publish(readyOf(bad[0])), RunFailed.class);
            assertThat(failed.kind()).isEqualTo(FailureKind.INPUT);
            assertThat(failed.reason()).isEqualTo(bad[1]);
            assertThat(failed.detail()).contains(bad[2]);
        }
    }

    private String readyOf(String init) {
        return "{\"dataset\":\"x\",\"uri\":\"%s\",\"classifier\":{\"initialWeights\":%s}}"
                .formatted(folder.uri(), init);
    }

    private ArtifactRef init(RunRef run) throws IOException {
        RunSpec spec = RunSpecs.open(store, run);
        return ((WeightsSource.Stored) spec.classifier().initialWeights()).weights();
    }

    private List<String> neededBy(RunRef run) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("select uri from needed where run = :run")
                        .bind("run", run.id())
                        .mapTo(String.class)
                        .list());
    }

    @Test
    void aRunThatWasCancelledBeforeItsDatasetArrivedPublishesNothing() throws Exception {
        folder.image("Cubism/a.jpg");
        CloudEvent ready = ready(readyOf("cancelled", 16));
        String run = EventCodec.runId(ready);
        RunCancelled cancelled = new RunCancelled(new RunRef(run, "cancelled", null), "a test");
        kafka.publish(new CloudEvent(
                UUID.randomUUID().toString(), "/test", cancelled.type(), Instant.now(), run, run, null, cancelled));
        // The two topics are consumed independently. Only the table shows that the end of the run was received
        // first.
        Awaitility.await()
                .until(() -> database.jdbi()
                        .withHandle(sql -> sql.createQuery("select count(*) from ended_run where run = :run")
                                .bind("run", run)
                                .mapTo(Integer.class)
                                .one())
                        .equals(1));

        kafka.publish(ready);
        kafka.await(kafka.publish(readyOf("behind", 16)), DatasetSealed.class);

        assertThat(kafka.envelopes(run))
                .extracting(CloudEvent::data)
                .noneMatch(event -> event instanceof RunAccepted || event instanceof DatasetSealed);
    }

    @Test
    void anEventOfAnAbortedTransactionIsIgnored() throws Exception {
        folder.image("Cubism/a.jpg");
        CloudEvent aborted = ready(readyOf("aborted", 16));
        CloudEvent committed = ready(readyOf("committed", 16));
        try (KafkaProducer<String, byte[]> producer = new KafkaProducer<>(
                Map.of(
                        "bootstrap.servers",
                        ConfigProvider.getConfig().getValue("kafka.bootstrap.servers", String.class),
                        "transactional.id",
                        UUID.randomUUID().toString()),
                new StringSerializer(),
                new ByteArraySerializer())) {
            producer.initTransactions();
            producer.beginTransaction();
            // The broker has acknowledged it, so a consumer with read_uncommitted could read it.
            producer.send(EventCodec.write(aborted)).get();
            producer.abortTransaction();
            producer.beginTransaction();
            producer.send(EventCodec.write(committed)).get();
            producer.commitTransaction();
        }

        kafka.await(EventCodec.runId(committed), DatasetSealed.class);

        // There is one partition, so everything before the committed event was skipped by then.
        List<String> received = database.jdbi()
                .withHandle(sql -> sql.createQuery("select id from inbox where id in (:aborted, :committed)")
                        .bind("aborted", aborted.id())
                        .bind("committed", committed.id())
                        .mapTo(String.class)
                        .list());
        assertThat(received).containsExactly(committed.id());
    }

    @Test
    void aDuplicateEventIsTheSameRun() throws Exception {
        folder.image("Cubism/a.jpg");
        CloudEvent ready = ready(readyOf("twice", 16));
        kafka.publish(ready);
        kafka.publish(ready);
        kafka.await(EventCodec.runId(ready), DatasetSealed.class);
        kafka.await(kafka.publish(readyOf("behind", 16)), DatasetSealed.class);

        assertThat(kafka.of(EventCodec.runId(ready), RunAccepted.class)).hasSize(1);
        assertThat(kafka.of(EventCodec.runId(ready), DatasetSealed.class)).hasSize(1);
    }

    private String readyOf(String dataset, int side) {
        return "{\"dataset\":\"%s\",\"uri\":\"%s\",\"image\":{\"side\":%d}}".formatted(dataset, folder.uri(), side);
    }

    private static CloudEvent ready(String json) throws IOException {
        ObjectNode body = (ObjectNode) EventCodec.json().readTree(json);
        DatasetReady ready = new DatasetReady(body.get("dataset").textValue(), body);
        String id = UUID.randomUUID().toString();
        return new CloudEvent(id, "/test", ready.type(), Instant.now(), null, null, null, ready);
    }

    private static double metric(String begin) {
        return RestAssured.get("/q/metrics")
                .asString()
                .lines()
                .filter(line -> line.startsWith(begin))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }
}
