package io.peregrine.ingest.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.FailureException;
import io.peregrine.events.Split;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.ingest.findings.Findings;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Folder layouts that other tools write.
class LayoutsTest extends WithDatasetFolder {
    @ParameterizedTest
    @CsvSource({
        "train, valid, VALIDATION",
        "training, testing, TEST",
        "Training, Validation, VALIDATION",
        "train, dev, VALIDATION",
        "train, eval, TEST",
        "train, val, VALIDATION",
        "TRAINING, EVALUATION, TEST",
        "Train, DEV, VALIDATION"
    })
    void splitFoldersMayHaveTheNamesThatOtherToolsWrite(String train, String other, Split split) throws Exception {
        for (String label : List.of("cat", "dog")) {
            images(train + "/" + label, 4);
            images(other + "/" + label, 3);
        }
        Listing listing = listing();
        assertThat(listing.classes()).containsExactly("cat", "dog");
        assertThat(splits(listing)).isEqualTo(Map.of(Split.TRAIN, 8L, split, 6L));
        assertThat(listing.findings()).isEqualTo(Findings.NONE);
    }

    @ParameterizedTest
    @CsvSource({"train, valid, test", "TRAIN, Valid, TEST", "training, dev, evaluation"})
    void allThreeSplitsOfAnExportAreRead(String train, String validation, String test) throws Exception {
        for (String label : List.of("cat", "dog")) {
            images(train + "/" + label, 3);
            images(validation + "/" + label, 2);
            images(test + "/" + label, 1);
        }
        assertThat(splits(listing())).isEqualTo(Map.of(Split.TRAIN, 6L, Split.VALIDATION, 4L, Split.TEST, 2L));
    }

    @ParameterizedTest
    @ValueSource(strings = {"valid,invalid", "train,bus,car", "dev,ops", "test,control"})
    void oneClassWithTheNameOfASplitIsAClass(String classes) throws Exception {
        for (String label : classes.split(",")) {
            images(label, 2);
        }
        Listing listing = listing();
        assertThat(listing.classes()).containsExactlyInAnyOrder(classes.split(","));
        assertThat(listing.findings()).isEqualTo(Findings.NONE);
    }

    @Test
    void aSplitThatWasTakenForAClassIsAFinding() throws Exception {
        images("train/cat", 2);
        images("train/dog", 2);
        images("holdout/cat", 2);
        images("holdout/dog", 2);
        Listing listing = listing();
        assertThat(listing.classes()).containsExactly("holdout", "train");
        assertThat(findings(listing, FindingKind.SPLIT_AMONG_CLASSES))
                .singleElement()
                .satisfies(finding -> assertThat(finding.names()).containsExactly("train"));
    }

    @ParameterizedTest
    @CsvSource({
        "training_set/cat, test_set/cat",
        "train2017/cat, val2017/cat",
        "train_images, test_images",
        "seg_train/seg_train/cat, seg_test/seg_test/cat"
    })
    void foldersThatAreNamedAfterSplitsInOtherWordsAreRejected(String train, String other) throws Exception {
        images(train, 2);
        images(other, 2);
        assertThat(failure())
                .hasMessageContaining(train.replaceFirst("/.*", ""))
                .hasMessageContaining("rename them to train")
                .extracting(FailureException::code)
                .isEqualTo("SPLIT_NAME_UNKNOWN");
    }

    @ParameterizedTest
    @CsvSource({
        "images/cat, images/dog, images",
        "dataset/train/cat, dataset/train/dog, dataset/train",
        "dataset/train/cat, dataset/test/cat, dataset",
        "a/b/images/cat, a/b/images/dog, a/b/images"
    })
    void theFolderInsideAWrapperIsNamed(String one, String other, String toGive) throws Exception {
        images(one, 2);
        images(other, 2);
        text("README.txt", "downloaded");
        assertThat(failure())
                .hasMessageContaining("give %s instead".formatted(folder.root().resolve(toGive)))
                .extracting(FailureException::code)
                .isEqualTo("WRAPPER_FOLDER");
    }

    @Test
    void aWrapperNextToAFolderWithoutImagesIsNamed() throws Exception {
        images("images/cat", 2);
        images("images/dog", 2);
        text("annotations/cat.xml", "<annotation/>");
        assertThat(failure().code()).isEqualTo("WRAPPER_FOLDER");
    }

    @Test
    void aWrapperInsideTheSplitsIsNamed() throws Exception {
        for (String split : List.of("train", "test")) {
            images(split + "/images/cat", 2);
            images(split + "/images/dog", 2);
        }
        assertThat(failure())
                .hasMessageContaining("move these folders up")
                .extracting(FailureException::code)
                .isEqualTo("WRAPPER_FOLDER");
    }

    @ParameterizedTest
    @ValueSource(strings = {"metadata.csv", "_classes.csv", "train.csv"})
    void aWrapperWithALabelFileIsNamed(String name) throws Exception {
        images("data", 2);
        text("data/" + name, "file_name,label\n0.jpg,cat\n1.jpg,dog\n");
        assertThat(failure())
                .hasMessageContaining("give %s instead".formatted(folder.root().resolve("data")))
                .extracting(FailureException::code)
                .isEqualTo("WRAPPER_FOLDER");
    }

    @Test
    void aSingleClassMayHaveSubfoldersNextToItsImages() throws Exception {
        images("cat", 2);
        images("cat/more", 2);
        images("cat/older", 2);
        assertThat(listing().classes()).containsExactly("cat");
    }
}
