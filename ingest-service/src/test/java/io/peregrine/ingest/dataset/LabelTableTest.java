package io.peregrine.ingest.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.peregrine.events.FailureException;
import io.peregrine.events.Split;
import io.peregrine.ingest.findings.Finding;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.ingest.findings.Findings;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// CSV files with labels as Roboflow and Kaggle write them.
class LabelTableTest extends WithDatasetFolder {
    @Test
    void roboflowsClassColumnsInEachSplitDefineTheClasses() throws Exception {
        for (String split : List.of("train", "valid", "test")) {
            images(split, 2);
            text(split + "/_classes.csv", "filename, cat, dog\n0.jpg, 1, 0\n1.jpg, 0, 1\n");
        }
        Listing listing = listing();
        assertThat(listing.classes()).containsExactly("cat", "dog");
        assertThat(splits(listing)).isEqualTo(Map.of(Split.TRAIN, 2L, Split.VALIDATION, 2L, Split.TEST, 2L));
        assertThat(listing.rows())
                .filteredOn(row -> row.split() == Split.TRAIN)
                .extracting(Listing.Row::file, Listing.Row::label, Listing.Row::metadata)
                .containsExactly(tuple("train/0.jpg", 0, null), tuple("train/1.jpg", 1, null));
        assertThat(listing.findings()).isEqualTo(Findings.NONE);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "0.jpg,1,1 | METADATA_BAD_LABEL | gives the image 0.jpg 2 classes (cat, dog)",
                "0.jpg,0,0 | METADATA_BAD_LABEL | gives the image 0.jpg no class",
                "0.jpg,1,maybe | METADATA_NO_LABEL | 'maybe' in the column 'dog'",
                "../0.jpg,1,0 | METADATA_PATH_OUTSIDE | ../0.jpg"
            })
    void anInvalidRowOfClassColumnsIsRejectedWithItsLine(String row, String code, String message) throws Exception {
        images(".", 2);
        text("_classes.csv", "filename,cat,dog\n1.jpg,0,1\n" + row + "\n");
        assertThat(failure())
                .hasMessageContaining("line 3 of _classes.csv")
                .hasMessageContaining(message)
                .extracting(FailureException::code)
                .isEqualTo(code);
    }

    @Test
    void aTableWhoseImagesAreMissingIsRejectedWithTheNameOfItsColumn() throws Exception {
        images("train", 2);
        text("train.csv", "id_code,diagnosis\n7,cat\n");
        assertThat(failure())
                .hasMessageContaining("'id_code' must be the name of an image in the folder")
                .hasMessageContaining(
                        folder.root().resolve("train").toRealPath().toString())
                .extracting(FailureException::code)
                .isEqualTo("METADATA_EMPTY");
    }

    @ParameterizedTest
    @ValueSource(strings = {"train.csv", "metadata.csv"})
    void theReadingOfALabelFileCanBeStopped(String name) throws Exception {
        images("train", 2);
        text(name, "file_name,label\n" + "0.jpg,cat\n".repeat(10_000));
        IllegalStateException stop = new IllegalStateException("stopped");
        assertThatThrownBy(() -> listing((done, of) -> {
                    if (of == 0) {
                        throw stop;
                    }
                }))
                .isSameAs(stop);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "image_id,label | 0.jpg",
                "id,label | 0",
                "id,breed | 0",
                "Id,Class | 0.jpg",
                "image,source,class | 0.jpg,web",
                "id,file_name,label | 77,0.jpg",
                "image_path,label | train/0.jpg",
                "image_path,label | train\\0.jpg"
            })
    void kagglesTableNextToTheFolderOfImagesDefinesTheClasses(String header, String start) throws Exception {
        images("train", 2);
        text("train.csv", "%s\n%s,cat\n%s,dog\n".formatted(header, start, start.replace("0", "1")));
        Listing listing = listing();
        assertThat(listing.classes()).containsExactly("cat", "dog");
        assertThat(listing.rows()).extracting(Listing.Row::file).containsExactly("train/0.jpg", "train/1.jpg");
        assertThat(listing.findings()).isEqualTo(Findings.NONE);
    }

    @Test
    void kagglesFurtherColumnsAreMetadataOfTheImage() throws Exception {
        images("train", 1);
        text("train.csv", "image_id,label,width\n0,cat,40\n");
        assertThat(listing().rows().getFirst().metadata()).hasToString("{\"width\":\"40\"}");
    }

    @ParameterizedTest
    @CsvSource({"train_images", "images", "Train", "."})
    void theFolderOfKagglesImagesMayHaveOtherNames(String images) throws Exception {
        images(images, 2);
        text("train.csv", "image_id,label\n0,cat\n1,dog\n");
        assertThat(listing().classes()).containsExactly("cat", "dog");
    }

    @ParameterizedTest
    @ValueSource(strings = {"labels.csv", "train_labels.csv", "trainLabels.csv", "Train.csv", "training.csv"})
    void kagglesTableMayHaveOtherNames(String table) throws Exception {
        images("train", 2);
        text(table, "id,breed\n0,beagle\n1,pug\n");
        assertThat(listing().classes()).containsExactly("beagle", "pug");
    }

    @Test
    void kagglesUnlabelledTestImagesAreFindings() throws Exception {
        images("train", 2);
        images("test", 5);
        text("train.csv", "id,label\n0,cat\n1,dog\n");
        text("sample_submission.csv", "id,label\n0,cat\n");
        Listing listing = listing();
        assertThat(splits(listing)).isEqualTo(Map.of(Split.TRAIN, 2L));
        assertThat(listing.findings().kept())
                .extracting(Finding::kind, Finding::count)
                .containsExactly(tuple(FindingKind.LOOSE_IMAGES, 5L), tuple(FindingKind.METADATA_NOT_USED, 1L));
    }

    @Test
    void kagglesTestImagesWithLabelsAreTheTestSplit() throws Exception {
        images("train", 2);
        images("test", 2);
        text("train.csv", "id,label\n0,cat\n1,dog\n");
        text("test.csv", "id,label\n0,cat\n1,dog\n");
        assertThat(splits(listing())).isEqualTo(Map.of(Split.TRAIN, 2L, Split.TEST, 2L));
    }

    @Test
    void aTestTableWithoutLabelsIsNotUsed() throws Exception {
        images("train", 2);
        images("test", 5);
        text("train.csv", "id,label\n0,cat\n1,dog\n");
        text("test.csv", "id\n0\n1\n");
        Listing listing = listing();
        assertThat(splits(listing)).isEqualTo(Map.of(Split.TRAIN, 2L));
        assertThat(findings(listing, FindingKind.METADATA_NOT_USED))
                .extracting(Finding::names)
                .containsExactly(List.of("test.csv"));
    }

    @Test
    void classColumnsOfKagglesTableDefineTheClasses() throws Exception {
        images("images", 2);
        text("train.csv", "image_id,healthy,rust\n0,1,0\n1,0,1\n");
        assertThat(listing().classes()).containsExactly("healthy", "rust");
    }

    @Test
    void aTableNextToClassFoldersIsNotUsed() throws Exception {
        images("train/cat", 2);
        images("train/dog", 2);
        text("train.csv", "id,label\n0,old\n");
        Listing listing = listing();
        assertThat(listing.classes()).containsExactly("cat", "dog");
        assertThat(findings(listing, FindingKind.METADATA_NOT_USED)).hasSize(1);
    }

    @Test
    void aNameWithoutExtensionThatMatchesTwoFilesIsRejected() throws Exception {
        folder.image("train/0.jpg").image("train/0.png");
        text("train.csv", "id,label\n0,cat\n");
        assertThat(failure())
                .hasMessageContaining("line 2 of train.csv")
                .hasMessageContaining("write the name with its extension")
                .extracting(FailureException::code)
                .isEqualTo("METADATA_BROKEN_LINE");
    }

    @Test
    void aTableWithoutAColumnOfImagesIsRejectedWithItsColumns() throws Exception {
        images("train", 1);
        text("train.csv", "number,label\n0,cat\n");
        assertThat(failure())
                .hasMessageContaining("its columns: number, label")
                .extracting(FailureException::code)
                .isEqualTo("METADATA_NO_FILE_NAME");
    }

    @ParameterizedTest
    @CsvSource({"metadata.parquet", "train/metadata.parquet"})
    void parquetIsRejectedWithAConversion(String file) throws IOException {
        folder.image("train/cat/1.jpg");
        Files.write(folder.root().resolve(file), new byte[] {'P', 'A', 'R', '1'});
        assertThat(failure())
                .hasMessageContaining(file)
                .hasMessageContaining("pandas.read_parquet('metadata.parquet').to_csv('metadata.csv', index=False)")
                .extracting(FailureException::code)
                .isEqualTo("METADATA_PARQUET");
    }
}
