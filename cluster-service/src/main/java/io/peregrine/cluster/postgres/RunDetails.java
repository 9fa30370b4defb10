package io.peregrine.cluster.postgres;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.ManifestRef;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/// All known data of one run. Parts that are not known yet are omitted.
public record RunDetails(
        @JsonUnwrapped RunSummary summary,

        @Schema(
                description = "Why the run failed; for an invalid specification with the error of each field",
                implementation = Object.class)
        JsonNode failure,

        @Schema(description = "Reason of the cancellation") String cancelled,

        @Schema(description = "Data of the dataset.ready event, as received", implementation = Object.class)
        JsonNode requested,

        @Schema(description = "Complete specification with its defaults", implementation = Object.class)
        JsonNode spec,

        ManifestRef manifest,

        @Schema(description = "Number of accepted images in the test split; if 0, nothing is measured on test images")
        Long testImages,

        @Schema(description = "Number of distinct file contents that are in more than one split")
        Long duplicatesAcrossSplits,

        @Schema(description = "The 100 most recently reported tasks")
        List<Progress> progress,

        @Schema(description = "Number of classes, once the dataset is sealed")
        Integer classCount,

        @Schema(description = "Classes in label order; omitted above 256 classes: use runs/{run}/classes")
        List<ClassSizes> classes,

        Training classifier,
        Training autoencoder,
        Clustering clustering,

        @Schema(
                description = "Seconds by stage, computed from the times of the events: ingest, balance, train,"
                        + " cluster, and total")
        Map<String, Double> seconds,

        Map<String, String> links) {

    /// Up to this number of classes are part of the run's details and drawn as a confusion matrix; more are
    /// available in pages.
    public static final int MOST_CLASSES = 256;

    /// @param urls URLs of the run's parts, by name
    /// @return the same details with links to the parts
    public RunDetails withLinks(Map<String, String> urls) {
        return new RunDetails(
                summary,
                failure,
                cancelled,
                requested,
                spec,
                manifest,
                testImages,
                duplicatesAcrossSplits,
                progress,
                classCount,
                classes,
                classifier,
                autoencoder,
                clustering,
                seconds,
                urls);
    }

    /// Progress of a task.
    public record Progress(
            String stage,
            String task,
            long done,
            long total,
            String unit,
            @Schema(description = "Measures by name") Map<String, Double> measures,
            Instant time) {}

    /// Number of images of a class, and the classifier's results for it.
    ///
    /// @param before training images
    /// @param after training rows, including synthetic ones
    public record ClassSizes(
            @Schema(description = "Index of the class in label order, from 0")
            int index,

            String name,
            Long before,
            Long after,
            Long synthetic,

            @Schema(description = "Training images that under-sampling removed")
            Long dropped,

            @Schema(description = "Rows with tied neighbours; the reference implementation orders ties arbitrarily")
            Long tiedRows,

            Long test,
            Long validation,
            long refused,

            @Schema(
                    description = "Share of the class's test images that were predicted correctly; omitted if it has"
                            + " none")
            Double recall,

            @Schema(
                    description = "Share of correct predictions among the test images that were predicted as this"
                            + " class; omitted if there are none")
            Double precision) {}

    /// Training of one network.
    public record Training(
            int epochs,
            List<Epoch> history,

            @Schema(description = "Final weights of the network")
            ArtifactRef weights,

            TestResult test) {
        Training with(TestResult result) {
            return new Training(epochs, history, weights, result);
        }
    }

    public record Epoch(
            int epoch,

            @Schema(description = "Measures by name, such as loss, accuracy, imagesPerSecond")
            Map<String, Double> measures,

            boolean best,
            boolean last,
            Instant time) {}

    /// Measures on the test split, taken once; omitted without test images. An autoencoder has only a loss.
    public record TestResult(
            double loss,
            Double accuracy,
            Double balancedAccuracy,
            Double macroF1,
            @Schema(description = "Number of test images") long images,

            @Schema(
                    description = "Classes in the order of recall, precision and the confusion matrix. All four are"
                            + " omitted above 256 classes: use runs/{run}/classes and runs/{run}/confusion")
            List<String> classes,

            @Schema(description = "Recall of each class; null for a class without test images")
            List<Double> recall,

            @Schema(
                    description = "Precision of each class: share of correct predictions among the images that were"
                            + " predicted as the class; null if there are none")
            List<Double> precision,

            @Schema(description = "Confusion matrix; rows: true class, columns: predicted class")
            List<List<Long>> confusion,

            @Schema(
                    description = "safetensors file with truth, predicted and count of each nonzero cell, and with"
                            + " recall and precision")
            ArtifactRef byClass,

            @Schema(description = "Calibration of the classifier's probabilities; null if not measured")
            Calibration calibration) {}

    /// Calibration: how closely a classifier's probabilities match its accuracy.
    public record Calibration(
            @Schema(description = "Expected calibration error over 15 bins, 0 to 1")
            double error,

            @Schema(
                    description = "Expected calibration error after the probabilities are corrected for the class"
                            + " proportions before balancing")
            double correctedError,

            @Schema(description = "Accuracy of the most probable class after this correction")
            double correctedAccuracy) {}

    /// Measures of the run's whole clustering.
    public record Clustering(
            int k,
            int iterations,
            double inertia,

            @Schema(
                    description = "Measures by name and split, such as nmi.test, silhouette.all; distinct.all is the"
                            + " number of different latents")
            Map<String, Double> measures,

            @Schema(description = "safetensors file with row, assignments, centers, projection and PCA")
            ArtifactRef clusters,

            @Schema(description = "safetensors file with row and latent")
            ArtifactRef latents) {}
}
