package io.peregrine.artifacts.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FileStoreTest {
    @TempDir
    Path folder;

    @Test
    void aNameIsTheDigestOfTheContent() throws IOException {
        FileStore store = new FileStore(folder);
        ArtifactRef ref = store.unreferenced().publish("note", "txt", "abc".getBytes());

        assertThat(ref.sha256()).isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(ref.uri()).isEqualTo("store:note/ba/" + ref.sha256() + ".txt");
        assertThat(ref.bytes()).isEqualTo(3);
        assertThat(new FileStore(folder).open(ref)).hasContent("abc");
    }

    @Test
    void publishingTwiceIsIdempotentAndLeavesNoTemporaryFile() throws IOException {
        FileStore store = new FileStore(folder);
        assertThat(store.unreferenced().publish("note", "txt", "abc".getBytes()))
                .isEqualTo(store.unreferenced().publish("note", "txt", "abc".getBytes()));
        try (Stream<Path> files = Files.walk(folder).filter(Files::isRegularFile)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void aWriterThatFailsPublishesNothing() throws IOException {
        FileStore store = new FileStore(folder);
        assertThatThrownBy(() -> store.unreferenced().publish("note", "txt", aside -> {
                    Files.writeString(aside, "half");
                    throw new IOException("disk full");
                }))
                .isInstanceOfSatisfying(
                        FailureException.class, f -> assertThat(f.kind()).isEqualTo(FailureKind.RESOURCE))
                .hasMessageContaining("disk full");
        try (Stream<Path> files = Files.walk(folder).filter(Files::isRegularFile)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void aChangedArtifactIsNotReturned() throws IOException {
        ArtifactRef ref = new FileStore(folder).unreferenced().publish("note", "txt", "abc".getBytes());
        Path file = new FileStore(folder).path(ref);

        Files.writeString(file, "abd");
        assertThatThrownBy(() -> new FileStore(folder).open(ref)).hasMessageContaining("hashes to");
        Files.writeString(file, "abcd");
        assertThatThrownBy(() -> new FileStore(folder).open(ref)).hasMessageContaining("4 bytes instead of 3");
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        assertThatThrownBy(() -> new FileStore(elsewhere).open(ref))
                .isInstanceOfSatisfying(
                        FailureException.class, f -> assertThat(f.code()).isEqualTo("ARTIFACT_MISSING"));
    }

    /// Kinds of damage to a file that this process has verified.
    enum Damage {
        IN_PLACE {
            @Override
            void to(Path file) throws IOException {
                FileTime before = Files.getLastModifiedTime(file);
                Files.writeString(file, "abd");
                // Simulates a program that hides its change; only ctime reveals it.
                Files.setLastModifiedTime(file, before);
            }
        },
        REPLACED {
            @Override
            void to(Path file) throws IOException {
                Path other = Files.writeString(file.resolveSibling("other"), "abd");
                Files.setLastModifiedTime(other, Files.getLastModifiedTime(file));
                Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
            }
        },
        TRUNCATED {
            @Override
            void to(Path file) throws IOException {
                Files.writeString(file, "ab");
            }
        };

        abstract void to(Path file) throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void aDamagedFileIsDetectedMovedAwayReportedOnceAndPublishedAgain(Damage damage) throws IOException {
        List<ArtifactRef> reported = new ArrayList<>();
        FileStore store = new FileStore(folder, reported::add);
        FileStore another = new FileStore(folder, reported::add);
        ArtifactRef ref = store.unreferenced().publish("note", "txt", "abc".getBytes());
        another.open(ref);

        damage.to(store.path(ref));
        for (FileStore of : List.of(store, another, store)) {
            assertThatThrownBy(() -> of.open(ref))
                    .isInstanceOfSatisfying(
                            FailureException.class, f -> assertThat(f.code()).isEqualTo("ARTIFACT_CORRUPT"))
                    .hasMessageContaining("damaged/" + ref.sha256())
                    .hasMessageContaining("Publish the dataset again");
            assertThat(of.holds(ref)).isFalse();
        }
        assertThat(reported).containsExactly(ref);
        assertThat(store.path(ref)).doesNotExist();

        assertThat(another.unreferenced().publish("note", "txt", "abc".getBytes()))
                .isEqualTo(ref);
        assertThat(store.open(ref)).hasContent("abc");
        assertThat(store.holds(ref)).isTrue();
    }

    @Test
    void damagedFilesAreBoundedInNumberAndAge() throws IOException {
        FileStore store = new FileStore(folder);
        DamagedFiles damaged = new DamagedFiles(folder.resolve("damaged"));
        Instant began = Instant.now().minus(DamagedFiles.RETENTION).plusSeconds(60);
        Path first = null;
        for (int i = 0; i < DamagedFiles.MAX_FILES + 3; i++) {
            ArtifactRef ref = store.unreferenced().publish("note", "txt", ("note " + i).getBytes());
            Path file = store.path(ref);
            first = first == null ? file : first;
            assertThat(damaged.take(file, FileIdentity.of(file), began.plusSeconds(i)))
                    .isTrue();
        }
        assertThat(damaged.of(first)).isEmpty();
        assertThat(folder.resolve("damaged").toFile().list()).hasSize(DamagedFiles.MAX_FILES);

        damaged.sweep(Instant.now().plusSeconds(600));
        assertThat(folder.resolve("damaged").toFile().list()).isEmpty();
    }

    @Test
    void aNewFileUnderTheNameOfADamagedOneIsKept() throws IOException {
        FileStore store = new FileStore(folder);
        ArtifactRef ref = store.unreferenced().publish("note", "txt", "abc".getBytes());
        Path file = store.path(ref);
        FileIdentity damaged = FileIdentity.of(file);
        store.unreferenced().publish("note", "txt", "abc".getBytes());

        assertThat(new DamagedFiles(folder.resolve("damaged")).take(file, damaged, Instant.now()))
                .isFalse();
        assertThat(store.open(ref)).hasContent("abc");
    }

    @Test
    void temporaryFilesOfDeadProcessesAreDeletedAtTheNextStartAndOthersAreKept() throws IOException {
        new FileStore(folder);
        Path abandoned = Files.writeString(folder.resolve("aside/abandoned"), "half");
        Files.setLastModifiedTime(abandoned, FileTime.from(Instant.now().minus(FileStore.ABANDONED.plusSeconds(1))));
        Path young = Files.writeString(folder.resolve("aside/young"), "half");

        new FileStore(folder);
        assertThat(abandoned).doesNotExist();
        assertThat(young).exists();
    }

    @Test
    void everythingOnThePathOfAPublishedFileIsSyncedBeforePublishReturns() throws IOException {
        List<String> synced = new ArrayList<>();
        Path store = folder.resolve("new/store");
        FileStore fileStore = new FileStore(store, damaged -> {}, new Durability(path -> {
            String name = folder.relativize(path).toString();
            synced.add(name.contains("aside/") ? "the file" : name);
        }));
        assertThat(synced).as("parents of new, store and aside").containsExactly("", "new", "new/store");

        synced.clear();
        ArtifactRef ref = fileStore.unreferenced().publish("note", "txt", "abc".getBytes());
        String kind = "new/store/note";
        String two = kind + "/" + ref.sha256().substring(0, 2);
        assertThat(synced)
                .as("the file, parents of the new folders, and the file's folder after the rename")
                .containsExactly("the file", "new/store", kind, two);

        synced.clear();
        fileStore.unreferenced().publish("note", "txt", "abc".getBytes());
        assertThat(synced).as("folders whose names are durable").containsExactly("the file", two);
    }

    @Test
    void aFolderOfAProcessThatDiedBeforeItsSyncIsSyncedByTheNext() throws IOException {
        Files.createDirectories(folder.resolve("note/ba"));
        List<Path> synced = new ArrayList<>();
        new FileStore(folder, damaged -> {}, new Durability(synced::add))
                .unreferenced()
                .publish("note", "txt", "abc".getBytes());

        assertThat(synced).contains(folder, folder.resolve("note"), folder.resolve("note/ba"));
    }

    @Test
    void theCacheOfVerifiedFilesIsBounded() {
        LruCache<Integer> remembered = new LruCache<>(2);
        remembered.put("a", 1);
        remembered.put("b", 2);
        remembered.get("a");
        remembered.put("c", 3);
        assertThat(remembered.get("a")).isEqualTo(1);
        assertThat(remembered.get("b")).isNull();
        remembered.remove("a");
        assertThat(remembered.get("a")).isNull();
    }

    @Test
    void theCallbackBeforePublishingMayRejectTheArtifact() throws IOException {
        FileStore store = new FileStore(folder);
        assertThatThrownBy(() -> store.publish("note", "txt", aside -> Files.writeString(aside, "abc"), ref -> {
                    assertThat(store.path(ref)).doesNotExist();
                    throw new IllegalStateException("not now");
                }))
                .hasMessage("not now");
        try (Stream<Path> files = Files.walk(folder).filter(Files::isRegularFile)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void aCheckReadsTheFileDespiteTheCacheAndUpdatesTheCache() throws IOException {
        FileStore store = new FileStore(folder);
        ArtifactRef ref = store.unreferenced().publish("note", "txt", "abc".getBytes());
        Files.writeString(store.path(ref), "abd");

        assertThatThrownBy(() -> store.check(ref)).hasMessageContaining("hashes to");
        assertThatThrownBy(() -> store.open(ref)).hasMessageContaining("was damaged");
        store.unreferenced().publish("note", "txt", "abc".getBytes());
        store.check(ref);
    }

    @Test
    void filesAreListedByKindAndDeletedByName() {
        FileStore store = new FileStore(folder);
        ArtifactRef one = store.unreferenced().publish("note", "txt", "one".getBytes());
        ArtifactRef two = store.unreferenced().publish("note", "txt", "twos".getBytes());
        store.unreferenced().publish("pack", "safetensors", "another kind".getBytes());

        assertThat(store.list("note"))
                .extracting(ArtifactStore.Stored::uri, ArtifactStore.Stored::bytes)
                .containsExactlyInAnyOrder(tuple(one.uri(), 3L), tuple(two.uri(), 4L));
        assertThat(store.list("never")).isEmpty();

        store.delete(List.of(one.uri(), one.uri()));
        assertThat(store.list("note")).extracting(ArtifactStore.Stored::uri).containsExactly(two.uri());
        assertThatThrownBy(() -> store.open(one)).hasMessageContaining("is not in the store");
    }

    @Test
    void aReferenceCannotPointOutsideTheStore() {
        assertThatThrownBy(() -> new FileStore(folder).delete(List.of("store:../somebody's")))
                .hasMessageContaining("is outside the store");
        assertThatThrownBy(() -> new ArtifactRef("store:../../etc/passwd", "ab".repeat(32), 1))
                .hasMessageContaining("is not the URI of an artifact");
    }
}
