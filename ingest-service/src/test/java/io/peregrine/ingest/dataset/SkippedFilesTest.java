package io.peregrine.ingest.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.peregrine.events.FailureException;
import io.peregrine.ingest.Folder;
import io.peregrine.ingest.findings.Finding;
import io.peregrine.ingest.findings.FindingKind;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Files that are not used are findings with count, examples and remedy.
class SkippedFilesTest extends WithDatasetFolder {
    @Test
    void looseImagesNextToClassFoldersAreCounted() throws Exception {
        images("cat", 2);
        images("dog", 2);
        images(".", 5);
        Listing listing = listing();
        assertThat(listing.rows()).hasSize(4);
        assertLoose(listing, "0.jpg", "the dataset's folder");
    }

    @Test
    void looseImagesInASplitFolderAreCounted() throws Exception {
        images("train/cat", 2);
        images("train/dog", 2);
        images("test", 5);
        assertLoose(listing(), "test/0.jpg", "test/");
    }

    @Test
    void looseImagesNextToSplitFoldersAreCounted() throws Exception {
        images("train/cat", 2);
        images("valid/cat", 2);
        images(".", 5);
        assertLoose(listing(), "0.jpg", "the dataset's folder");
    }

    @Test
    void looseImagesNextToSplitsWithMetadataAreCounted() throws Exception {
        images("train", 2);
        text("train/metadata.csv", "file_name,label\n0.jpg,cat\n1.jpg,dog\n");
        images(".", 5);
        assertLoose(listing(), "0.jpg", "the dataset's folder");
    }

    private static void assertLoose(Listing listing, String example, String place) {
        assertThat(listing.findings().totals()).isEqualTo(Map.of(FindingKind.LOOSE_IMAGES, 1L));
        Finding finding = listing.findings().kept().getFirst();
        assertThat(finding.count()).isEqualTo(5);
        assertThat(finding.names()).hasSize(5).startsWith(example);
        assertThat(finding.detail()).isEqualTo("5 images are in " + place + " without a class");
        assertThat(finding.remedy()).contains("metadata.csv");
    }

    @Test
    void looseImagesWithoutAnyClassFolderAreCountedInTheError() throws Exception {
        images("train", 3);
        images("test", 2);
        text("train/_annotations.csv", "filename,width\n");
        assertThat(failure())
                .hasMessageContaining("5 images without a class")
                .hasMessageContaining("train/_annotations.csv is not used")
                .extracting(FailureException::code)
                .isEqualTo("NO_CLASSES");
    }

    @Test
    void aLabelFileInAFormatThatIsNotReadIsNamedInTheError() throws Exception {
        text("data/train-00000-of-00001.parquet", "PAR1");
        assertThat(failure())
                .hasMessageContaining("data/train-00000-of-00001.parquet is not used")
                .extracting(FailureException::code)
                .isEqualTo("EMPTY_CLASS");
    }

    @Test
    void jfifAndJpeAreListedAndOtherExtensionsAreCounted() throws Exception {
        images("cat", 2);
        images("dog", 2);
        for (int i = 0; i < 6; i++) {
            folder.bytes("dog/%d.jfif".formatted(i), Folder.encoded("jpg", i))
                    .bytes("dog/%d.JPE".formatted(i), Folder.encoded("jpg", 100 + i))
                    .bytes("dog/none%d".formatted(i), Folder.encoded("png", 200 + i));
        }
        for (int i = 0; i < 3; i++) {
            folder.bytes("cat/p%d.heic".formatted(i), new byte[3]).bytes("cat/q%d.AVIF".formatted(i), new byte[3]);
        }
        Listing listing = listing();
        assertThat(listing.rows()).hasSize(16);
        assertThat(listing.findings().kept())
                .extracting(
                        Finding::kind,
                        Finding::count,
                        finding -> finding.names().getFirst(),
                        Finding::detail)
                .containsExactly(
                        tuple(FindingKind.UNLISTED_EXTENSION, 6L, "dog/none0", "6 files have no extension"),
                        tuple(
                                FindingKind.UNLISTED_EXTENSION,
                                3L,
                                "cat/q0.AVIF",
                                "3 files have the extension .avif, which is not read"),
                        tuple(
                                FindingKind.UNLISTED_EXTENSION,
                                3L,
                                "cat/p0.heic",
                                "3 files have the extension .heic, which is not read"));
        assertThat(listing.findings().kept()).extracting(Finding::remedy).allMatch(remedy -> !remedy.isBlank());
    }

    @Test
    void looseFilesByOtherExtensionsAreCountedButDocumentsAreNot() throws Exception {
        images("train/cat", 2);
        text("README.roboflow.txt", "exported");
        text("data.yaml", "nc: 1");
        text("LICENSE", "CC0");
        text("photo.heic", "x");
        text("train/scan", "x");
        assertThat(listing().findings().kept())
                .extracting(Finding::kind, Finding::names)
                .containsExactly(
                        tuple(FindingKind.UNLISTED_EXTENSION, List.of("train/scan")),
                        tuple(FindingKind.UNLISTED_EXTENSION, List.of("photo.heic")));
    }

    @Test
    void filesByOtherExtensionsThatMetadataDoNotNameAreCounted() throws Exception {
        images(".", 1);
        text("extra.heic", "x");
        text("metadata.csv", "file_name,label\n0.jpg,cat\n");
        assertThat(findings(listing(), FindingKind.UNLISTED_EXTENSION))
                .extracting(Finding::names)
                .containsExactly(List.of("extra.heic"));
    }

    @Test
    void extensionsBeyondOneHundredAreCountedTogether() throws Exception {
        images("cat", 1);
        for (int i = 0; i < 130; i++) {
            text("cat/scan.%04d".formatted(i), "x");
        }
        List<Finding> found = findings(listing(), FindingKind.UNLISTED_EXTENSION);
        assertThat(found).hasSize(101);
        assertThat(found.getLast().count()).isEqualTo(30);
    }

    @Test
    void metadataInClassFoldersAreReportedAsNotUsed() throws Exception {
        for (String label : List.of("cat", "dog")) {
            images(label, 2);
            text(label + "/metadata.csv", "file_name,label\n0.jpg,young\n1.jpg,old\n");
        }
        Listing listing = listing();
        assertThat(listing.classes()).containsExactly("cat", "dog");
        assertThat(listing.findings().totals()).isEqualTo(Map.of(FindingKind.METADATA_NOT_USED, 1L));
        assertThat(listing.findings().kept().getFirst().names())
                .containsExactly("cat/metadata.csv", "dog/metadata.csv");
    }

    @Test
    void metadataBelowAFolderWithMetadataAreReportedAsNotUsed() throws Exception {
        images("part", 2);
        text("metadata.csv", "file_name,label\npart/0.jpg,cat\npart/1.jpg,dog\n");
        text("part/metadata.jsonl", "{\"file_name\":\"0.jpg\",\"label\":\"young\"}\n");
        assertThat(findings(listing(), FindingKind.METADATA_NOT_USED))
                .extracting(Finding::names)
                .containsExactly(List.of("part/metadata.jsonl"));
    }

    @Test
    void labelFilesUnderOtherNamesAreReportedAsNotUsed() throws Exception {
        images("cat", 2);
        text("Metadata.CSV", "file_name,label\n");
        text("labels.csv", "file,label\n");
        text("annotations.json", "{}");
        assertThat(findings(listing(), FindingKind.METADATA_NOT_USED))
                .singleElement()
                .satisfies(finding -> assertThat(finding.count()).isEqualTo(3));
    }
}
