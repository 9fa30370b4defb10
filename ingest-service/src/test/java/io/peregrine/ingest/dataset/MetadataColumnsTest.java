package io.peregrine.ingest.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.FailureException;
import io.peregrine.ingest.findings.Finding;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.ingest.findings.Findings;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Columns of metadata files whose names are nearly right, and labels that differ only in blanks.
class MetadataColumnsTest extends WithDatasetFolder {
    @ParameterizedTest
    @ValueSource(strings = {"Label", "class", "labels", "LABEL", "lable", "category", "class_name"})
    void aColumnWithASimilarNameIsAFinding(String column) throws Exception {
        metadata("metadata.csv", "file_name," + column, "part1", "part2");
        Listing listing = listing();
        assertThat(listing.classes()).containsExactly("part1", "part2");
        assertThat(findings(listing, FindingKind.METADATA_SIMILAR_COLUMN))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.names()).containsExactly(column);
                    assertThat(finding.count()).isEqualTo(4);
                    assertThat(finding.detail())
                            .isEqualTo(
                                    "line 2 of metadata.csv has no column 'label'; the folders (part1, part2) were taken for classes; did you mean '%s'?"
                                            .formatted(column));
                    assertThat(finding.remedy()).contains("rename the column to 'label'");
                });
    }

    @Test
    void aFieldOfJsonLinesWithASimilarNameIsAFinding() throws Exception {
        images("part1", 1);
        images("part2", 1);
        text("metadata.jsonl", """
                {"file_name": "part1/0.jpg", "Label": "cat"}
                {"file_name": "part2/0.jpg", "Label": "dog"}
                """);
        assertThat(findings(listing(), FindingKind.METADATA_SIMILAR_COLUMN)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"caption", "artist", "tag", "able to see"})
    void anotherColumnIsNotReported(String column) throws Exception {
        metadata("metadata.csv", "file_name," + column, "part1", "part2");
        assertThat(listing().findings()).isEqualTo(Findings.NONE);
    }

    @Test
    void aSimilarColumnNextToOneFolderIsRejected() throws Exception {
        metadata("metadata.csv", "file_name,Label", "img");
        assertThat(failure())
                .hasMessageContaining("no column 'label'")
                .hasMessageContaining("did you mean 'Label'?")
                .extracting(FailureException::code)
                .isEqualTo("METADATA_NO_LABEL");
    }

    @Test
    void aSimilarColumnIsSuggestedForImagesOutsideOfFolders() throws Exception {
        images(".", 1);
        text("metadata.csv", "file_name,Class\n0.jpg,cat\n");
        assertThat(failure())
                .hasMessageContaining("did you mean 'Class'?")
                .extracting(FailureException::code)
                .isEqualTo("METADATA_NO_LABEL");
    }

    @ParameterizedTest
    @ValueSource(strings = {"File_Name", "filename", "file name", "image"})
    void aColumnThatIsProbablyTheFileNameIsSuggested(String column) throws Exception {
        images(".", 1);
        text("metadata.csv", column + ",label\n0.jpg,cat\n");
        assertThat(failure())
                .hasMessageContaining("did you mean '%s'?".formatted(column))
                .extracting(FailureException::code)
                .isEqualTo("METADATA_NO_FILE_NAME");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "`cat`,`cat `",
                "`trail`,` trail`",
                "`ice cream`,`ice  cream`",
                "`New York`,`New\u00a0York`",
                "`Cat`,`cat `"
            })
    void classesThatDifferOnlyInBlanksAreReported(String one, String other) throws Exception {
        images(one, 1);
        images(other, 1);
        Listing listing = listing();
        assertThat(listing.classes()).containsExactlyInAnyOrder(one, other);
        assertThat(findings(listing, FindingKind.CLASS_NAMES_ALIKE))
                .singleElement()
                .satisfies(finding -> assertThat(finding.names()).containsExactlyInAnyOrder(one, other));
    }

    @Test
    void labelsThatDifferOnlyInBlanksAreReported() throws Exception {
        images(".", 3);
        text("metadata.csv", "file_name,label\n0.jpg,cat\n1.jpg,cat \n2.jpg,dog\n");
        assertThat(findings(listing(), FindingKind.CLASS_NAMES_ALIKE))
                .extracting(Finding::names)
                .containsExactly(List.of("cat", "cat "));
    }

    /// Two images in each folder.
    private void metadata(String file, String header, String... folders) throws IOException {
        StringBuilder lines = new StringBuilder(header).append('\n');
        for (String name : folders) {
            images(name, 2);
            lines.append("%s/0.jpg,cat\n%s/1.jpg,dog\n".formatted(name, name));
        }
        text(file, lines.toString());
    }
}
