package io.peregrine.artifacts.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tests with S3Proxy, a real server of the protocol.
class S3StoreTest {
    private static final String BUCKET = "paintings";

    @TempDir
    static Path serverFolder;

    private static S3Server server;

    @TempDir
    Path folder;

    private final List<S3Store> stores = new ArrayList<>();

    @BeforeAll
    static void start() {
        server = new S3Server(serverFolder.resolve("buckets"), BUCKET);
        System.setProperty("aws.accessKeyId", S3Server.IDENTITY);
        System.setProperty("aws.secretAccessKey", S3Server.CREDENTIAL);
    }

    @AfterAll
    static void stop() {
        server.close();
        System.clearProperty("aws.accessKeyId");
        System.clearProperty("aws.secretAccessKey");
    }

    @AfterEach
    void closeStores() {
        stores.forEach(S3Store::close);
    }

    private S3Store store(String kept, String place, long bytes) {
        S3Store store = new S3Store(
                URI.create(place), Optional.of(server.endpoint()), "us-east-1", folder.resolve(kept), bytes);
        stores.add(store);
        return store;
    }

    private S3Store store(String kept) {
        return store(kept, "s3://" + BUCKET + "/runs", 1 << 20);
    }

    private static Path object(ArtifactRef ref) {
        return server.object(BUCKET, "runs/" + ref.uri().substring(ArtifactStore.SCHEME.length()));
    }

    @Test
    void anotherProcessReadsAnArtifactUnderTheSameReferenceAsInAFolder() {
        ArtifactRef ref = store("one").unreferenced().publish("note", "txt", "abc".getBytes());

        assertThat(ref)
                .isEqualTo(
                        new FileStore(folder.resolve("plain")).unreferenced().publish("note", "txt", "abc".getBytes()));
        assertThat(object(ref)).hasContent("abc");
        assertThat(store("another").open(ref)).hasContent("abc");
    }

    @Test
    void aBucketWithoutPrefixStoresAtItsTop() {
        ArtifactRef ref =
                store("one", "s3://" + BUCKET, 1 << 20).unreferenced().publish("note", "txt", "top".getBytes());

        assertThat(server.object(BUCKET, ref.uri().substring(ArtifactStore.SCHEME.length())))
                .hasContent("top");
    }

    @Test
    void anIntactObjectIsNotWrittenAgain() throws IOException {
        ArtifactRef ref = store("one").unreferenced().publish("note", "txt", "once".getBytes());
        FileTime written = Files.getLastModifiedTime(object(ref));

        assertThat(store("another").unreferenced().publish("note", "txt", "once".getBytes()))
                .isEqualTo(ref);
        assertThat(Files.getLastModifiedTime(object(ref))).isEqualTo(written);
    }

    @Test
    void aDamagedObjectIsNotReturnedAndPublishingReplacesIt() throws IOException {
        List<ArtifactRef> reported = new ArrayList<>();
        S3Store store = new S3Store(
                URI.create("s3://" + BUCKET + "/runs"),
                Optional.of(server.endpoint()),
                "us-east-1",
                folder.resolve("one"),
                1 << 20,
                reported::add);
        stores.add(store);
        ArtifactRef ref = store.unreferenced().publish("note", "txt", "whole".getBytes());
        assertThat(store.holds(ref)).isTrue();

        Files.writeString(object(ref), "wh0le");
        // A bucket reports times in whole seconds.
        Files.setLastModifiedTime(object(ref), FileTime.from(Instant.now().plusSeconds(2)));
        assertThat(store.holds(ref)).as("damaged after it was verified").isFalse();
        assertThat(reported).containsExactly(ref);
        assertThatThrownBy(() -> store("another").open(ref))
                .isInstanceOfSatisfying(
                        FailureException.class, f -> assertThat(f.code()).isEqualTo("ARTIFACT_CORRUPT"))
                .hasMessageContaining("Publish the dataset again");

        assertThat(store("third").unreferenced().publish("note", "txt", "whole".getBytes()))
                .isEqualTo(ref);
        assertThat(object(ref)).hasContent("whole");
        assertThat(store("another").open(ref)).hasContent("whole");
        assertThat(store.holds(ref)).isTrue();
    }

    @Test
    void aMissingObjectIsReported() throws IOException {
        ArtifactRef ref = store("one").unreferenced().publish("note", "txt", "there".getBytes());

        Files.delete(object(ref));
        assertThat(store("one").holds(ref)).as("a cached copy does not count").isFalse();
        assertThatThrownBy(() -> store("third").open(ref))
                .isInstanceOfSatisfying(
                        FailureException.class, f -> assertThat(f.code()).isEqualTo("ARTIFACT_MISSING"));
    }

    @Test
    void manyWritersOfTheSameContentPublishOneArtifact() throws Exception {
        byte[] content = new byte[300_000];
        List<Callable<ArtifactRef>> writers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            S3Store store = store("writer" + i);
            writers.add(() -> {
                // Of two concurrent writers, both succeed or one must retry.
                while (true) {
                    try {
                        return store.unreferenced().publish("pack", "safetensors", content);
                    } catch (FailureException another) {
                        assertThat(another.kind()).isEqualTo(FailureKind.RESOURCE);
                    }
                }
            });
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (Future<ArtifactRef> written : threads.invokeAll(writers)) {
                assertThat(store("reader").open(written.get())).hasBinaryContent(content);
            }
        }
    }

    @Test
    void aDamagedCopyIsFetchedAgain() throws IOException {
        ArtifactRef ref = store("one").unreferenced().publish("note", "txt", "copy".getBytes());
        S3Store another = store("another");
        Files.writeString(another.open(ref), "cope");

        assertThat(another.open(ref)).hasContent("copy");
        Files.writeString(another.open(ref), "cope");
        assertThat(store("another").open(ref)).hasContent("copy");
    }

    @Test
    void aTooSmallFolderIsReported() throws IOException, InterruptedException {
        ArtifactRef ref = store("one").unreferenced().publish("note", "bin", new byte[3 << 20]);
        try (SmallDisk disk = SmallDisk.mount(Files.createDirectory(folder.resolve("small")), 1)) {
            S3Store store = store("small");
            assertThatThrownBy(() -> store.open(ref))
                    .isInstanceOfSatisfying(
                            FailureException.class, f -> assertThat(f.code()).isEqualTo("STORE_FULL"))
                    .hasMessageContaining("3,145,728 bytes are needed");
            assertThat(disk.folder().resolve("aside").toFile().list()).isEmpty();
        }
    }

    @Test
    void aFolderOnAFullDiskEvictsTheLeastRecentlyOpenedFiles() throws IOException, InterruptedException {
        ArtifactRef one = store("writer").unreferenced().publish("note", "bin", new byte[600_000]);
        ArtifactRef two = store("writer").unreferenced().publish("note", "bin", new byte[600_001]);
        try (SmallDisk disk = SmallDisk.mount(Files.createDirectory(folder.resolve("small")), 1)) {
            store("small").open(one);
            // To another process, files of the first one are not recently opened.
            assertThat(store("small").open(two)).hasSize(600_001);
            assertThat(new FileStore(disk.folder()).path(one)).doesNotExist();
        }
    }

    @Test
    void theFolderStaysWithinItsLimitAndEvictsTheLeastRecentlyOpenedFiles() throws IOException {
        S3Store writer = store("writer");
        List<ArtifactRef> refs = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            byte[] content = new byte[1_000];
            content[0] = (byte) i;
            refs.add(writer.unreferenced().publish("note", "bin", content));
        }
        FileStore kept = new FileStore(folder.resolve("kept"));
        RecentlyOpened recent = new RecentlyOpened(kept, 3_000, Duration.ZERO);
        for (ArtifactRef ref : refs.subList(0, 3)) {
            byte[] content = Files.readAllBytes(writer.open(ref));
            recent.opened(kept.unreferenced().publish("note", "bin", content));
        }
        recent.opened(refs.get(0));
        recent.opened(kept.unreferenced().publish("note", "bin", Files.readAllBytes(writer.open(refs.get(3)))));

        assertThat(files(kept.disk())).isEqualTo(3);
        assertThat(kept.path(refs.get(0))).exists();
        assertThat(kept.path(refs.get(1))).doesNotExist();

        // Another process takes over the first one's files and applies its own limit.
        new RecentlyOpened(kept, 2_000, Duration.ZERO).opened(refs.get(3));
        assertThat(files(kept.disk())).isEqualTo(2);
        assertThat(kept.path(refs.get(3))).exists();
        // A file opened within the grace period is kept.
        new RecentlyOpened(kept, 10, Duration.ofMinutes(1)).opened(refs.get(3));
        assertThat(kept.path(refs.get(3))).exists();
    }

    private static long files(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).count();
        }
    }

    @Test
    void objectsAreListedByKindCheckedInTheBucketAndDeletedByName() throws IOException {
        S3Store store = store("one", "s3://" + BUCKET + "/care", 1 << 20);
        List<ArtifactRef> refs = new ArrayList<>();
        for (int i = 0; i < 1_005; i++) {
            // More than one page of a bucket's listing.
            refs.add(store.unreferenced().publish("note", "txt", ("note " + i).getBytes()));
        }
        store.unreferenced().publish("pack", "safetensors", "another kind".getBytes());
        Instant now = Instant.now();
        assertThat(store.list("note"))
                .hasSize(refs.size())
                .allSatisfy(stored -> assertThat(stored.modified()).isCloseTo(now, within(5, ChronoUnit.MINUTES)))
                .extracting(ArtifactStore.Stored::uri, ArtifactStore.Stored::bytes)
                .contains(tuple(refs.get(7).uri(), 6L), tuple(refs.get(1_004).uri(), 9L));

        Path object = server.object(BUCKET, "care/" + refs.getFirst().uri().substring(ArtifactStore.SCHEME.length()));
        Files.writeString(object, "note x");
        assertThat(store.open(refs.getFirst())).as("the cached copy is intact").exists();
        assertThatThrownBy(() -> store.check(refs.getFirst())).hasMessageContaining("that hash to");
        Files.delete(object);
        assertThatThrownBy(() -> store.check(refs.getFirst())).hasMessageContaining("is not in bucket");
        store.check(refs.getLast());

        store.delete(refs.subList(0, 1_004).stream().map(ArtifactRef::uri).toList());
        assertThat(store.list("note"))
                .extracting(ArtifactStore.Stored::uri)
                .containsExactly(refs.getLast().uri());
        assertThatThrownBy(() -> store.open(refs.get(3)))
                .isInstanceOfSatisfying(
                        FailureException.class, f -> assertThat(f.code()).isEqualTo("ARTIFACT_MISSING"));
    }

    @Test
    void anUnavailableBucketIsARetryableFailure() {
        S3Store store = store("one");
        ArtifactRef ref = store.unreferenced().publish("note", "txt", "patience".getBytes());
        server.kill();
        try {
            assertThatThrownBy(() -> store.unreferenced().publish("note", "txt", "more".getBytes()))
                    .isInstanceOfSatisfying(
                            FailureException.class, f -> assertThat(f.kind()).isEqualTo(FailureKind.RESOURCE));
            assertThatThrownBy(() -> store("another").open(ref))
                    .isInstanceOfSatisfying(
                            FailureException.class, f -> assertThat(f.kind()).isEqualTo(FailureKind.RESOURCE));
            // A cached file does not need the bucket.
            assertThat(store.open(ref)).hasContent("patience");
        } finally {
            server.start();
        }
        assertThat(store("another").open(ref)).hasContent("patience");
        assertThat(store("third").open(store.unreferenced().publish("note", "txt", "more".getBytes())))
                .hasContent("more");
    }

    @Test
    void aPlaceMustBeABucket() {
        assertThatThrownBy(() -> store("one", "gs://paintings", 1)).hasMessageContaining("is not s3://bucket");
    }
}
