package io.peregrine.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.Failure;
import io.peregrine.events.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileStoreTest {
    @TempDir
    Path folder;

    @Test
    void aNameIsTheDigestOfWhatItHolds() throws IOException {
        FileStore store = new FileStore(folder);
        ArtifactRef ref = store.publish("note", "txt", "abc".getBytes());

        assertThat(ref.sha256()).isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(ref.uri()).isEqualTo("store:note/ba/" + ref.sha256() + ".txt");
        assertThat(ref.bytes()).isEqualTo(3);
        assertThat(new FileStore(folder).open(ref)).hasContent("abc");
    }

    @Test
    void publishingTwiceIsPublishingOnceAndLeavesNothingAside() throws IOException {
        FileStore store = new FileStore(folder);
        assertThat(store.publish("note", "txt", "abc".getBytes()))
                .isEqualTo(store.publish("note", "txt", "abc".getBytes()));
        try (Stream<Path> files = Files.walk(folder).filter(Files::isRegularFile)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void aWriterThatFailsPublishesNothing() throws IOException {
        FileStore store = new FileStore(folder);
        assertThatThrownBy(() -> store.publish("note", "txt", aside -> {
                    Files.writeString(aside, "half");
                    throw new IOException("disk full");
                }))
                .isInstanceOfSatisfying(Failure.class, f -> assertThat(f.kind()).isEqualTo(FailureKind.RESOURCE))
                .hasMessageContaining("disk full");
        try (Stream<Path> files = Files.walk(folder).filter(Files::isRegularFile)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void aChangedArtefactIsNotGivenOut() throws IOException {
        ArtifactRef ref = new FileStore(folder).publish("note", "txt", "abc".getBytes());
        Path file = new FileStore(folder).path(ref);

        Files.writeString(file, "abd");
        assertThatThrownBy(() -> new FileStore(folder).open(ref)).hasMessageContaining("hashes to");
        Files.writeString(file, "abcd");
        assertThatThrownBy(() -> new FileStore(folder).open(ref)).hasMessageContaining("4 bytes instead of 3");
        Files.delete(file);
        assertThatThrownBy(() -> new FileStore(folder).open(ref))
                .isInstanceOfSatisfying(Failure.class, f -> assertThat(f.code()).isEqualTo("ARTEFACT_MISSING"));
    }

    @Test
    void whoIsToldBeforeTheNameMayRefuseIt() throws IOException {
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
    void aCheckReadsTheFileWhateverIsKnownOfItAndWhatItFindsIsKnownFromThenOn() throws IOException {
        FileStore store = new FileStore(folder);
        ArtifactRef ref = store.publish("note", "txt", "abc".getBytes());
        Files.writeString(store.path(ref), "abd");
        assertThat(store.open(ref)).as("known to be whole").exists();

        assertThatThrownBy(() -> store.check(ref)).hasMessageContaining("hashes to");
        assertThatThrownBy(() -> store.open(ref)).hasMessageContaining("hashes to");
        store.publish("note", "txt", "abc".getBytes());
        store.check(ref);
    }

    @Test
    void filesAreListedByKindAndDeletedByName() {
        FileStore store = new FileStore(folder);
        ArtifactRef one = store.publish("note", "txt", "one".getBytes());
        ArtifactRef two = store.publish("note", "txt", "twos".getBytes());
        store.publish("pack", "safetensors", "another kind".getBytes());

        assertThat(store.list("note"))
                .extracting(ArtifactStore.Stored::uri, ArtifactStore.Stored::bytes)
                .containsExactlyInAnyOrder(tuple(one.uri(), 3L), tuple(two.uri(), 4L));
        assertThat(store.list("never")).isEmpty();

        store.delete(List.of(one.uri(), one.uri()));
        assertThat(store.list("note")).extracting(ArtifactStore.Stored::uri).containsExactly(two.uri());
        assertThatThrownBy(() -> store.open(one)).hasMessageContaining("is not in the store");
    }

    @Test
    void aReferenceCannotLeadOutOfTheStore() {
        assertThatThrownBy(() -> new FileStore(folder).delete(List.of("store:../somebody's")))
                .hasMessageContaining("leads out of the store");
        ArtifactRef hostile = new ArtifactRef("store:../../etc/passwd", "ab".repeat(32), 1);
        assertThatThrownBy(() -> new FileStore(folder).open(hostile)).hasMessageContaining("leads out of the store");
    }
}
