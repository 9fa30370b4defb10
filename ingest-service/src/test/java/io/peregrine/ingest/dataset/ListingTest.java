package io.peregrine.ingest.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.FailureException;
import io.peregrine.events.Sha256;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec.SplitSpec;
import io.peregrine.ingest.Folder;
import io.peregrine.ingest.findings.Finding;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.parallel.WorkerPool;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ListingTest {
    private static final SplitSpec NO_SPLITS = new SplitSpec(0, 0, 42);

    @TempDir
    Path root;

    @TempDir
    Path elsewhere;

    private final WorkerPool workers = new WorkerPool("image", 2);
    private Folder folder;

    @BeforeEach
    void openFolder() throws IOException {
        folder = new Folder(Files.createDirectory(root.resolve("gallery")));
    }

    @AfterEach
    void closePool() {
        workers.close();
    }

    @Test
    void rowsAreSortedBySplitClassAndPathInCodePoints() throws Exception {
        // U+FF21 is before U+1F600 in code point order, but after it in UTF-16. In paths '-' is before '/', which
        // is before '0'.
        folder.image("train/b/1.jpg")
                .image("train/b/sub/1.jpg")
                .image("train/b/sub-1.jpg")
                .image("train/b/sub0.JPEG")
                .image("train/\ud83d\ude00/x.png")
                .image("train/\uff21/x.png")
                .image("test/b/9.jpg")
                .image("val/b/5.jpg");

        Listing listing = listing(NO_SPLITS);

        assertThat(listing.classes()).containsExactly("b", "\uff21", "\ud83d\ude00");
        assertThat(listing.rows())
                .extracting(Listing.Row::file)
                .containsExactly(
                        "test/b/9.jpg",
                        "train/b/1.jpg",
                        "train/b/sub-1.jpg",
                        "train/b/sub/1.jpg",
                        "train/b/sub0.JPEG",
                        "train/\uff21/x.png",
                        "train/\ud83d\ude00/x.png",
                        "val/b/5.jpg");
        assertThat(listing.rows().getLast().split()).isEqualTo(Split.VALIDATION);
        assertThat(listing.packs()).hasSize(5);
        ArtifactStore store = new FileStore(elsewhere.resolve("store"));
        assertThat(Listing.open(store, listing.publish(store.unreferenced()))).isEqualTo(listing);
    }

    @Test
    void otherFilesAreNotListedButCounted() throws Exception {
        folder.image("a/1.jpg")
                .bytes("a/Thumbs.db", new byte[3])
                .bytes("a/notes.txt", new byte[3])
                .bytes("a/.hidden.jpg", new byte[3])
                .bytes("a/._1.jpg", new byte[3])
                .bytes(".ipynb_checkpoints/1.jpg", new byte[3])
                .bytes("__MACOSX/a/1.jpg", new byte[3])
                .bytes("labels.csv", new byte[3])
                .bytes("a/words.png", new byte[3]);

        Listing listing = listing(NO_SPLITS);

        assertThat(listing.rows()).extracting(Listing.Row::path).containsExactly("1.jpg", "words.png");
        assertThat(listing.findings().totals())
                .isEqualTo(Map.of(
                        FindingKind.HIDDEN, 4L, FindingKind.UNLISTED_EXTENSION, 2L, FindingKind.METADATA_NOT_USED, 1L));
        assertThat(listing.findings().kept())
                .flatExtracting(Finding::names)
                .containsExactly(
                        ".ipynb_checkpoints",
                        "__MACOSX",
                        "a/._1.jpg",
                        "a/.hidden.jpg",
                        "a/Thumbs.db",
                        "a/notes.txt",
                        "labels.csv");
    }

    @Test
    void aClassMayHaveTheNameOfASplit() throws Exception {
        folder.image("train/1.jpg").image("bus/1.jpg").image("car/1.jpg");
        assertThat(listing(NO_SPLITS).classes()).containsExactly("bus", "car", "train");
    }

    @Test
    void invalidDatasetFoldersAreRejected() throws Exception {
        assertThat(failure().code()).isEqualTo("NO_CLASSES");
        folder.bytes("loose.jpg", Folder.encoded("jpg", 1));
        assertThat(failure().code()).isEqualTo("NO_CLASSES");
        folder.image("test/a/1.jpg").image("val/a/1.jpg");
        assertThat(failure().code()).isEqualTo("NO_TRAIN");
        folder.image("train/b/1.jpg");
        assertThat(failure()).hasMessageContaining("'a'").hasMessageContaining("train/");
        folder.image("train/a/1.jpg").image("docs/1.jpg");
        assertThat(failure())
                .hasMessageContaining("docs")
                .extracting(FailureException::code)
                .isEqualTo("MIXED_LAYOUT");
        Files.delete(folder.root().resolve("docs/1.jpg"));
        Files.move(folder.root().resolve("docs"), folder.root().resolve("validation"));
        assertThat(failure().code()).isEqualTo("SPLIT_TWICE");
    }

    @Test
    void anEmptyClassIsReportedWithTheSkippedExtensions() throws Exception {
        folder.image("a/1.jpg").bytes("b/1.heic", new byte[3]);
        assertThat(failure())
                .hasMessageContaining("'b'")
                .hasMessageContaining(".heic")
                .extracting(FailureException::code)
                .isEqualTo("EMPTY_CLASS");
    }

    @Test
    void classesThatDifferOnlyInLetterCaseOrUnicodeFormAreKeptSeparateAndReported() throws Exception {
        folder.image("Cubism/1.jpg")
                .image("cubism/1.jpg")
                .image("caf\u00e9/1.jpg")
                .image("cafe\u0301/1.jpg")
                .image("Cafe/1.jpg");

        Listing listing = listing(NO_SPLITS);

        assertThat(listing.classes()).containsExactly("Cafe", "Cubism", "cafe\u0301", "caf\u00e9", "cubism");
        assertThat(listing.findings().kept())
                .extracting(Finding::kind, Finding::names)
                .containsExactly(
                        tuple(FindingKind.CLASS_NAMES_ALIKE, List.of("Cubism", "cubism")),
                        tuple(FindingKind.CLASS_NAMES_ALIKE, List.of("cafe\u0301", "caf\u00e9")));
    }

    @Test
    void aFileWhoseNameIsNotUtf8IsSkippedAndAFolderIsRejected() throws Exception {
        folder.image("a/1.jpg");
        shell("printf x > \"$0/a/$(printf 'caf\\351').jpg\"");
        try {
            Listing listing = listing(NO_SPLITS);
            assertThat(listing.rows()).extracting(Listing.Row::path).containsExactly("1.jpg");
            assertThat(listing.findings().kept())
                    .extracting(Finding::kind, Finding::names)
                    .containsExactly(tuple(FindingKind.NAME_NOT_UTF8, List.of("a/caf\ufffd.jpg")));

            shell("mkdir \"$0/$(printf 'caf\\351')\"");
            assertThat(failure())
                    .hasMessageContaining("caf")
                    .extracting(FailureException::code)
                    .isEqualTo("NAME_NOT_UTF8");
        } finally {
            // JUnit cannot delete files whose names Java cannot represent.
            shell("rm -r \"$0\"/a/caf* \"$0\"/caf*");
        }
    }

    private void shell(String script) throws Exception {
        Process shell = new ProcessBuilder("sh", "-c", script, folder.root().toString()).start();
        assertThat(shell.waitFor()).isZero();
    }

    @Test
    void specialFilesAreListedButNeverOpened() throws Exception {
        folder.image("a/1.jpg");
        shell("mkfifo \"$0/a/2.jpg\" \"$0/a/notes.txt\"");
        Files.createSymbolicLink(folder.root().resolve("a/3.jpg"), Path.of("3.jpg"));
        try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.bind(UnixDomainSocketAddress.of(folder.root().resolve("a/4.jpg")));

            List<Listing.Row> rows = assertTimeoutPreemptively(Duration.ofSeconds(20), () -> listing(NO_SPLITS))
                    .rows();

            assertThat(rows).extracting(Listing.Row::path).containsExactly("1.jpg", "2.jpg", "3.jpg", "4.jpg");
            assertThat(rows.subList(1, 4)).extracting(Listing.Row::sha256).containsOnly(ContentKeys.OF_NOTHING);
        }
    }

    @Test
    void linksThatLeaveTheRootsAreNeverOpened() throws Exception {
        byte[] secret = Folder.encoded("png", 5);
        Files.write(elsewhere.resolve("secret.png"), secret);
        folder.image("a/1.jpg");
        Files.createSymbolicLink(folder.root().resolve("a/out.png"), elsewhere.resolve("secret.png"));
        Files.createSymbolicLink(
                folder.root().resolve("a/in.png"), folder.root().resolve("a/1.jpg"));
        Files.createSymbolicLink(
                folder.root().resolve("a/nowhere.png"), folder.root().resolve("gone"));

        List<Listing.Row> rows = listing(NO_SPLITS).rows();

        assertThat(rows).extracting(Listing.Row::path).containsExactly("1.jpg", "in.png", "nowhere.png", "out.png");
        assertThat(rows.get(1).sha256()).isEqualTo(rows.get(0).sha256());
        assertThat(rows.get(2).sha256()).isEqualTo(ContentKeys.OF_NOTHING);
        assertThat(rows.get(3).sha256()).isEqualTo(ContentKeys.OF_NOTHING).isNotEqualTo(Sha256.hex(secret));

        Files.createSymbolicLink(folder.root().resolve("a/loop"), folder.root().resolve("a"));
        assertThat(failure().code()).isEqualTo("LINK_LOOP");
        Files.delete(folder.root().resolve("a/loop"));
        Files.createSymbolicLink(folder.root().resolve("b"), elsewhere);
        assertThat(failure().code()).isEqualTo("LINK_OUTSIDE_ROOTS");
        Files.delete(folder.root().resolve("b"));
        Files.createSymbolicLink(folder.root().resolve("a/up"), folder.root());
        assertThat(failure().code()).isEqualTo("LINK_LOOP");
        Files.delete(folder.root().resolve("a/up"));
        Files.move(folder.root().resolve("a"), folder.root().resolve("test"));
        Files.createSymbolicLink(folder.root().resolve("train"), elsewhere);
        assertThat(failure())
                .hasMessageContaining("train")
                .extracting(FailureException::code)
                .isEqualTo("LINK_OUTSIDE_ROOTS");
    }

    @Test
    void listedFilesOfOneClassAndSplitAreGroupedIntoPacks() throws Exception {
        for (int i = 0; i < 300; i++) {
            folder.bytes("a/%03d.jpg".formatted(i), new byte[] {(byte) i, (byte) (i >> 8)});
        }
        folder.image("b/1.jpg");
        assertThat(listing(NO_SPLITS).packs())
                .containsExactly(
                        new Listing.Range(0, 0, 256), new Listing.Range(1, 256, 300), new Listing.Range(2, 300, 301));
    }

    @Test
    void identicalFilesInDifferentSplitFoldersAreCounted() throws Exception {
        byte[] same = Folder.encoded("png", 9);
        folder.bytes("train/a/1.png", same)
                .bytes("train/a/2.png", same)
                .bytes("test/a/3.png", same)
                .image("train/a/4.png");
        assertThat(listing(NO_SPLITS).duplicatesAcrossSplits()).isEqualTo(1);
    }

    @Test
    void foldersOutsideTheRootsAreRejected() {
        AllowedRoots roots = new AllowedRoots(List.of(elsewhere, root.resolve("not there")));
        assertThat(catchThrowableOfType(FailureException.class, () -> roots.resolve(folder.uri()))
                        .code())
                .isEqualTo("OUTSIDE_ROOTS");
        assertThat(catchThrowableOfType(FailureException.class, () -> roots.resolve("file://host/x"))
                        .code())
                .isEqualTo("BAD_URI");
        String dots = elsewhere.toUri() + "../" + root.getFileName() + "/gallery";
        assertThat(catchThrowableOfType(FailureException.class, () -> roots.resolve(dots))
                        .code())
                .isEqualTo("OUTSIDE_ROOTS");
        assertThat(new AllowedRoots(List.of(root)).resolve(folder.uri())).isEqualTo(folder.root());
    }

    @Test
    void filesOutsideTheRootsAreRejected() throws Exception {
        AllowedRoots roots = new AllowedRoots(List.of(root));
        folder.bytes("weights", new byte[3]);
        assertThat(roots.file(folder.uri() + "weights")).isEqualTo(folder.root().resolve("weights"));
        Files.write(elsewhere.resolve("secret"), new byte[3]);
        Files.createSymbolicLink(folder.root().resolve("link"), elsewhere.resolve("secret"));
        for (String[] bad : new String[][] {
            {folder.uri() + "link", "OUTSIDE_ROOTS"},
            {elsewhere.toUri() + "nothing", "OUTSIDE_ROOTS"},
            {folder.uri() + "nothing", "FILE_MISSING"},
            {folder.uri(), "NOT_A_FILE"}
        }) {
            assertThat(catchThrowableOfType(FailureException.class, () -> roots.file(bad[0]))
                            .code())
                    .as(bad[0])
                    .isEqualTo(bad[1]);
        }
    }

    private Listing listing(SplitSpec split) throws InterruptedException {
        AllowedRoots roots = new AllowedRoots(List.of(root));
        return Listing.of(roots.resolve(folder.uri()), roots, split, workers, (done, of) -> {});
    }

    private FailureException failure() {
        return catchThrowableOfType(FailureException.class, () -> listing(NO_SPLITS));
    }
}
