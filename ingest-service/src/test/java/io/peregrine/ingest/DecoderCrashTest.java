package io.peregrine.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.EventCodec;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.ingest.dataset.AllowedRoots;
import io.peregrine.ingest.dataset.Listing;
import io.peregrine.ingest.format.DyingDecoder;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.pack.PackMaker;
import io.peregrine.ingest.pack.PackMaker.DecodedPack;
import io.peregrine.ingest.pack.PackMaker.Rejection;
import io.peregrine.ingest.postgres.IngestTables;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.platform.JvmOptions;
import io.peregrine.platform.LocalPostgres;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.JobArtifacts;
import io.peregrine.work.jobs.Worker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/// A native decoder that crashes kills the whole process. This test runs the jobs of two packs, on a real
/// database, in processes that are really killed (`kill -9`) while the same file is decoded.
class DecoderCrashTest {
    private static final String DEADLY = "Cubism/1.png";

    @TempDir
    Path folder;

    private LocalPostgres postgres;
    private Database database;
    private FileStore store;
    private RunRef run;

    @BeforeEach
    void listTwoPacks() throws Exception {
        postgres = LocalPostgres.start(folder.resolve("postgres"), 0);
        Flyway.configure()
                .dataSource(source(postgres.url(), postgres.password("ingest")))
                .locations("db/work", "db/ingest")
                .placeholders(Map.of("kinds", "pack"))
                .load()
                .migrate();
        database = new Database(source(postgres.url(), postgres.password("ingest")));
        store = new FileStore(folder.resolve("store"));
        Path gallery = Files.createDirectories(folder.resolve("gallery"));
        for (String label : List.of("Cubism", "Rococo")) {
            for (int i = 1; i <= 4; i++) {
                new Folder(gallery).image("%s/%d.png".formatted(label, i));
            }
        }
        ObjectNode body = EventCodec.json().createObjectNode();
        body.put("dataset", "deadly").put("uri", gallery.toUri().toString());
        body.putObject("image").put("side", 16);
        body.putObject("split").put("test", 0).put("validation", 0);
        RunSpec spec = RunSpec.parse(body);
        run = new RunRef("ab".repeat(16), "deadly", store.unreferenced().publish("run", "json", spec.toJson()));
        try (WorkerPool workers = new WorkerPool("image", 1)) {
            Listing listing = Listing.of(
                    gallery.toRealPath(), new AllowedRoots(List.of(gallery)), spec.split(), workers, (done, of) -> {});
            var ref = listing.publish(store.unreferenced());
            database.useTransaction("a test", tx -> {
                IngestTables.accept(tx.sql(), run.id(), run.dataset());
                IngestTables.list(tx.sql(), run, ref, listing);
                for (Listing.Range pack : listing.packs()) {
                    tx.add(new Job.New(run, MakePack.KIND, Integer.toString(pack.number()), pack));
                }
            });
        }
    }

    @AfterEach
    void stop() {
        postgres.close();
    }

    @Test
    void aFileWithTwoRecordedCrashesIsRejectedAndEveryOtherImageIsPacked() throws Exception {
        // The first death records no file, since nothing is recorded for a job that was never lost.
        assertThat(deathsUntilDone(1_000)).isEqualTo(3);

        assertThat(published("io.peregrine.run.failed.v1")).isEmpty();
        List<DecodedPack> packs = packs();
        assertThat(packs)
                .flatExtracting(DecodedPack::refusals)
                .extracting(Rejection::place, Rejection::reason)
                .containsExactly(tuple(0, ImageRejectedException.Reason.DECODER_CRASH));
        assertThat(packs).allSatisfy(pack -> assertThat(pack.isReusable()).isTrue());
        assertThat(images(packs)).containsExactly(3, 4);
        assertThat(published("io.peregrine.image.rejected.v1"))
                .singleElement()
                .asString()
                .contains("DECODER_CRASH", "\"source\":\"1.png\"", "crashed twice");
    }

    @Test
    void aFileIsNotRejectedIfTheProcessWasKilledForAnotherReason() throws Exception {
        assertThat(deathsUntilDone(2)).isEqualTo(2);

        assertThat(packs()).flatExtracting(DecodedPack::refusals).isEmpty();
        assertThat(images(packs())).containsExactly(4, 4);
    }

    private int deathsUntilDone(int times) throws Exception {
        for (int deaths = 0; deaths < 8; deaths++) {
            ProcessBuilder builder = new ProcessBuilder(
                            JvmOptions.java(),
                            JvmOptions.all().getFirst(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Ingesting.class.getName(),
                            postgres.url(),
                            folder.toString(),
                            Integer.toString(times))
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("process-" + deaths + ".log").toFile());
            builder.environment().put("PGPASSWORD", postgres.password("ingest"));
            Process process = builder.start();
            assertThat(process.waitFor(1, TimeUnit.MINUTES))
                    .as("the process ends")
                    .isTrue();
            if (process.exitValue() == 0) {
                return deaths;
            }
            assertThat(process.exitValue()).as(() -> log("process-0.log")).isEqualTo(128 + 9);
        }
        throw new AssertionError("eight processes died");
    }

    private String log(String name) {
        try {
            return Files.readString(folder.resolve(name));
        } catch (java.io.IOException e) {
            return e.toString();
        }
    }

    private List<DecodedPack> packs() {
        return database.jdbi().withHandle(sql -> IngestTables.packs(sql, run.id()));
    }

    private List<Integer> images(List<DecodedPack> packs) {
        return packs.stream()
                .map(pack -> {
                    try (PixelPack pixels = PixelPack.open(store, pack.pixels())) {
                        return pixels.count();
                    }
                })
                .toList();
    }

    private List<String> published(String type) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("select convert_from(data, 'UTF8') from outbox where type = :type")
                        .bind("type", type)
                        .mapTo(String.class)
                        .list());
    }

    private static PGSimpleDataSource source(String url, String password) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(url);
        source.setUser("ingest");
        source.setPassword(password);
        return source;
    }

    /// Makes all packs, two at a time as the service does, until it finishes or is killed.
    static final class Ingesting {
        public static void main(String[] arguments) throws Exception {
            Path folder = Path.of(arguments[1]);
            Path gallery = folder.resolve("gallery");
            Database database = new Database(source(arguments[0], System.getenv("PGPASSWORD")));
            ArtifactStore store = new FileStore(folder.resolve("store"));
            AllowedRoots roots = new AllowedRoots(List.of(gallery));
            DyingDecoder decoder = new DyingDecoder(
                    Files.readAllBytes(gallery.resolve(DEADLY)),
                    folder.resolve("deaths"),
                    Integer.parseInt(arguments[2]));
            WorkerPool workers = new WorkerPool("image", 2);
            PackMaker maker = new PackMaker(store, workers, decoder, 1 << 24, (nanos, bytes, refused) -> {});
            MakePack handler = new MakePack(
                    database,
                    store,
                    roots,
                    maker,
                    new ListingCache(database, store),
                    new HashCache(database, store, workers),
                    new IngestMeters(new SimpleMeterRegistry(), store));
            try (Worker worker = new Worker(
                    database,
                    "a test",
                    Stage.INGEST,
                    Duration.ofSeconds(1),
                    new JobArtifacts(store, Set.of("pack")),
                    List.of(handler))) {
                worker.start(2);
                await().atMost(Duration.ofMinutes(1)).until(() -> open(database) == 0);
            }
        }

        private static int open(Database database) {
            return database.jdbi()
                    .withHandle(sql -> sql.createQuery(
                                    "select count(*) from job where kind = 'pack' and state in ('queued', 'running')")
                            .mapTo(Integer.class)
                            .one());
        }
    }
}
