package io.peregrine.ingest.dataset;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.peregrine.events.FailureException;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec.SplitSpec;
import io.peregrine.ingest.Folder;
import io.peregrine.ingest.findings.Finding;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.ingest.findings.Findings;
import io.peregrine.parallel.WorkerPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetadataTest {
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
    void aCsvNextToTheImagesDefinesTheirClassesAndMetadata() throws Exception {
        folder.image("1.jpg").image("sub dir/2.png").image("sub dir/3.tif");
        text(
                "metadata.csv",
                "\uFEFFfile_name,label,artist,note\r\n"
                        + "1.jpg,Cubism,\"Gris, \"\"Juan\"\"\",\"two\nlines\"\r\n"
                        + "sub dir/2.png,\u00c9cole de Paris,,x\r\n"
                        + "\r\n"
                        + "./sub dir\\3.tif,Cubism,Braque,\r\n");

        Listing listing = listing();

        assertThat(listing.classes()).containsExactly("Cubism", "\u00c9cole de Paris");
        assertThat(listing.rows())
                .extracting(
                        Listing.Row::label,
                        Listing.Row::path,
                        row -> row.metadata().toString())
                .containsExactly(
                        tuple(0, "1.jpg", "{\"artist\":\"Gris, \\\"Juan\\\"\",\"note\":\"two\\nlines\"}"),
                        tuple(0, "sub dir/3.tif", "{\"artist\":\"Braque\",\"note\":\"\"}"),
                        tuple(1, "sub dir/2.png", "{\"artist\":\"\",\"note\":\"x\"}"));
        assertThat(listing.findings()).isEqualTo(Findings.NONE);
    }

    @Test
    void jsonLinesInEachSplitMayHaveNumericLabelsThatAreSortedAsText() throws Exception {
        folder.image("train/a.jpg").image("train/b.jpg").image("test/a.jpg");
        text("train/metadata.jsonl", """
                {"file_name": "a.jpg", "label": 10, "size": {"w": 3}}

                {"file_name": "b.jpg", "label": 9}
                """);
        text("test/metadata.jsonl", "{\"label\": \"9\", \"file_name\": \"a.jpg\"}");

        Listing listing = listing();

        assertThat(listing.classes()).containsExactly("10", "9");
        assertThat(listing.rows())
                .extracting(Listing.Row::split, Listing.Row::label, Listing.Row::file)
                .containsExactly(
                        tuple(Split.TEST, 1, "test/a.jpg"),
                        tuple(Split.TRAIN, 0, "train/a.jpg"),
                        tuple(Split.TRAIN, 1, "train/b.jpg"));
        assertThat(listing.rows().get(1).metadata()).hasToString("{\"size\":{\"w\":3}}");
        assertThat(listing.rows().get(2).metadata()).isNull();
    }

    @Test
    void aTrainFolderWithMetadataIsASplitNotAClass() throws Exception {
        folder.image("train/a.jpg");
        text("train/metadata.csv", "file_name,label\na.jpg,cat\n");
        assertThat(listing().classes()).containsExactly("cat");
    }

    @Test
    void labelsTakePrecedenceOverFoldersAndWithoutLabelsTheFoldersAreTheClasses() throws Exception {
        folder.image("train/a/1.jpg").image("train/b/2.jpg").image("test/a/3.jpg");
        text("metadata.csv", "file_name,label\ntrain/a/1.jpg,x\ntrain/b/2.jpg,y\ntest/a/3.jpg,x\n");
        assertThat(listing().classes()).containsExactly("x", "y");
        assertThat(listing().rows()).extracting(Listing.Row::path).containsExactly("a/3.jpg", "a/1.jpg", "b/2.jpg");

        text("metadata.csv", "file_name,caption\ntrain/a/1.jpg,one\ntrain/b/2.jpg,two\ntest/a/3.jpg,three\n");
        assertThat(listing().classes()).containsExactly("a", "b");
        assertThat(listing().rows())
                .extracting(
                        Listing.Row::path, row -> row.metadata().get("caption").textValue())
                .containsExactly(tuple("3.jpg", "three"), tuple("1.jpg", "one"), tuple("2.jpg", "two"));
    }

    @Test
    void filesThatAreMissingUnlistedOrListedTwiceAreFindings() throws Exception {
        folder.image("1.jpg").image("2.jpg").image("sub/3.jpg").bytes("notes.txt", new byte[3]);
        folder.image(".hidden.jpg");
        text("metadata.csv", "file_name,label\n1.jpg,a\ngone.jpg,b\n1.jpg,a\n.hidden.jpg,a\n");

        Listing listing = listing();

        assertThat(listing.rows()).extracting(Listing.Row::path).containsExactly("1.jpg");
        assertThat(listing.classes()).containsExactly("a");
        assertThat(listing.findings().kept())
                .extracting(Finding::kind, Finding::names)
                .containsExactly(
                        tuple(FindingKind.HIDDEN, List.of(".hidden.jpg")),
                        tuple(FindingKind.METADATA_FILE_MISSING, List.of("gone.jpg")),
                        tuple(FindingKind.METADATA_FILE_MISSING, List.of(".hidden.jpg")),
                        tuple(FindingKind.METADATA_FILE_NOT_NAMED, List.of("2.jpg")),
                        tuple(FindingKind.METADATA_FILE_NOT_NAMED, List.of("sub/3.jpg")),
                        tuple(FindingKind.METADATA_LINE_TWICE, List.of("1.jpg")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "METADATA_NO_FILE_NAME | file,label;1.jpg,a | line 2 of metadata.csv has no text in a column 'file_name' (its columns: file, label)",
                "METADATA_NO_FILE_NAME | file_name,label;,a | line 2",
                "METADATA_NO_LABEL | file_name,caption;1.jpg,a | is not in a class folder",
                "METADATA_BAD_LABEL | file_name,label;1.jpg, | line 2 of metadata.csv has the label \"\"",
                "METADATA_BAD_LABEL | file_name,label;1.jpg,../x | ../x",
                "METADATA_BAD_LABEL | file_name,label;1.jpg,.. | could name a folder",
                "METADATA_LABEL_CONFLICT | file_name,label;1.jpg,a;1.jpg,b | 1.jpg is 'a' in line 2 of metadata.csv and 'b' in line 3 of metadata.csv",
                "METADATA_BROKEN_LINE | file_name,label;1.jpg | line 2",
                "METADATA_BROKEN_LINE | file_name,label;2.jpg,a;1.jpg,a,b | line 3",
                "METADATA_BROKEN_LINE | file_name,label;1.jpg,\"a | line",
                "METADATA_PATH_OUTSIDE | file_name,label;../1.jpg,a | ../1.jpg",
                "METADATA_PATH_OUTSIDE | file_name,label;x/../../gallery/1.jpg,a | not below",
                "METADATA_PATH_OUTSIDE | file_name,label;..\\1.jpg,a | not below",
                "METADATA_PATH_OUTSIDE | file_name,label;/etc/passwd,a | /etc/passwd",
                "METADATA_EMPTY | file_name,label;gone.jpg,a | list 1 files",
                "METADATA_EMPTY | file_name,label | list 0 files"
            })
    void anInvalidCsvIsRejectedWithTheLineNumber(String code, String lines, String message) throws Exception {
        folder.image("1.jpg");
        text("metadata.csv", lines.replace(';', '\n') + "\n");
        assertThat(failure())
                .hasMessageContaining(message)
                .extracting(FailureException::code)
                .isEqualTo(code);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "METADATA_BROKEN_LINE | {\"file_name\": \"1.jpg\", \"label\": | line 2",
                "METADATA_BROKEN_LINE | [] | not a JSON object",
                "METADATA_BROKEN_LINE | {\"label\": \"a\", \"label\": \"b\", \"file_name\": \"1.jpg\"} | line 2",
                "METADATA_BROKEN_LINE | {\"label\": \"\\ud800\", \"file_name\": \"1.jpg\"} | unpaired surrogate",
                "METADATA_BROKEN_LINE | {\"label\": \"a\", \"file_name\": \"\\u0000.jpg\"} | is not a valid path",
                "METADATA_NO_FILE_NAME | {\"label\": \"a\", \"file_name\": 7} | line 2",
                "METADATA_BAD_LABEL | {\"label\": 1.5, \"file_name\": \"1.jpg\"} | 1.5",
                "METADATA_BAD_LABEL | {\"label\": [\"a\"], \"file_name\": \"1.jpg\"} | [\"a\"]",
                "METADATA_BAD_LABEL | {\"label\": \"a\\u0000\", \"file_name\": \"1.jpg\"} | line 2",
                "METADATA_NO_LABEL | {\"label\": null, \"file_name\": \"1.jpg\"} | line 2 of metadata.jsonl has no 'label', but other lines have"
            })
    void invalidJsonLinesAreRejectedWithTheLineNumber(String code, String line, String message) throws Exception {
        folder.image("1.jpg").image("0.jpg");
        text("metadata.jsonl", "{\"file_name\": \"0.jpg\", \"label\": \"a\"}\n" + line + "\n");
        assertThat(failure())
                .hasMessageContaining(message)
                .extracting(FailureException::code)
                .isEqualTo(code);
    }

    @Test
    void metadataOfOneDatasetAreConsistentAndOpenedWithTheSameChecksAsImages() throws Exception {
        folder.image("train/1.jpg").image("test/1.jpg");
        text("train/metadata.csv", "file_name,label\n1.jpg,a\n");
        assertThat(failure())
                .hasMessageContaining("test/")
                .extracting(FailureException::code)
                .isEqualTo("METADATA_MISSING");
        text("test/metadata.csv", "file_name,label\n1.jpg,b\n");
        assertThat(failure())
                .hasMessageContaining("'b'")
                .extracting(FailureException::code)
                .isEqualTo("EMPTY_CLASS");
        text("metadata.csv", "file_name,label\ntrain/1.jpg,a\n");
        assertThat(failure().code()).isEqualTo("METADATA_TWICE");
        Files.delete(folder.root().resolve("metadata.csv"));
        text("test/metadata.jsonl", "");
        assertThat(failure().code()).isEqualTo("METADATA_TWICE");
        Files.delete(folder.root().resolve("test/metadata.jsonl"));

        folder.bytes("test/metadata.csv", "file_name,label\n1.jpg,caf\u00e9\n".getBytes(ISO_8859_1));
        assertThat(failure())
                .hasMessageContaining("UTF-8")
                .extracting(FailureException::code)
                .isEqualTo("METADATA_BROKEN_LINE");

        Path csv = folder.root().resolve("test/metadata.csv");
        Files.delete(csv);
        Files.createSymbolicLink(csv, Files.writeString(elsewhere.resolve("secret.csv"), "file_name,label\n1.jpg,a\n"));
        assertThat(failure())
                .hasMessageContaining("LINK_OUTSIDE_ROOTS")
                .extracting(FailureException::code)
                .isEqualTo("METADATA_UNREADABLE");
        Files.delete(csv);
        assertThat(new ProcessBuilder("mkfifo", csv.toString()).start().waitFor())
                .isZero();
        FailureException pipe = assertTimeoutPreemptively(Duration.ofSeconds(20), this::failure);
        assertThat(pipe)
                .hasMessageContaining("NOT_A_FILE")
                .extracting(FailureException::code)
                .isEqualTo("METADATA_UNREADABLE");
    }

    private void text(String path, String content) throws IOException {
        folder.bytes(path, content.getBytes(UTF_8));
    }

    private Listing listing() throws InterruptedException {
        AllowedRoots roots = new AllowedRoots(List.of(root));
        return Listing.of(roots.resolve(folder.uri()), roots, new SplitSpec(0, 0, 42), workers, (done, of) -> {});
    }

    private FailureException failure() {
        return catchThrowableOfType(FailureException.class, this::listing);
    }
}
