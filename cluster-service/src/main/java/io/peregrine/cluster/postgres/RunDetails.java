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
                description = "Why it failed, with each field's error of a bad specification",
                implementation = Object.class)
        JsonNode failure,

        @Schema(description = "The reason that was given for its cancellation")
        String cancelled,

        @Schema(description = "The dataset-ready's data, as it was said", implementation = Object.class)
        JsonNode requested,

        @Schema(description = "The whole specification, with its defaults", implementation = Object.class)
        JsonNode spec,

        ManifestRef manifest,

        @Schema(description = "Byte-identical images on both sides of a split")
        Long duplicatesAcrossSplits,

        @Schema(description = "The 100 tasks that were told of last")
        List<Progress> progress,

        @Schema(description = "Once the dataset is sealed") Integer classCount,

        @Schema(description = "In label order; left out above 256 classes, which runs/{run}/classes has in pages")
        List<ClassSizes> classes,

        Training classifier,
        Training autoencoder,
        Clustering clustering,

        @Schema(description = "By stage, as the events tell: ingest, balance, train, cluster, and total")
        Map<String, Double> seconds,

        Map<String, String> links) {

    /// Up to this number of classes are part of the run's details and drawn as a confusion matrix; more are
    /// available in pages.
    public static final int MOST_CLASSES = 256;

    /// Progress of a task.
    public record Progress(
            String stage,
            String task,
            long done,
            long total,
            String unit,
            @Schema(description = "By name") Map<String, Double> measures,
            Instant time) {}

    /// Number of images of a class, and the classifier's results for it.
    ///
    /// @param before training images
    /// @param after training rows, including synthetic ones
    public record ClassSizes(
            @Schema(description = "Its place in label order, from 0")
            int index,

            String name,
            Long before,
            Long after,
            Long synthetic,

            @Schema(description = "Training images that under-sampling left out")
            Long dropped,

            @Schema(description = "Rows whose neighbours tie, where the reference's order is arbitrary")
            Long tiedRows,

            Long test,
            Long validation,
            long refused,

            @Schema(description = "Share of its test images that were predicted as it; left out if it has none")
            Double recall,

            @Schema(description = "Share of the test images predicted as it that are of it; left out if there are none")
            Double precision) {}

    /// Training of one network.
    public record Training(
            int epochs,
            List<Epoch> history,
            @Schema(description = "The final weights") ArtifactRef weights,
            TestResult test) {
        Training with(TestResult result) {
            return new Training(epochs, history, weights, result);
        }
    }

    public record Epoch(
            int epoch,

            @Schema(description = "By name, such as loss, accuracy, imagesPerSecond")
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
            @Schema(description = "Test images") long images,

            @Schema(
                    description = "The order of recall, precision and the confusion matrix; all four are left out above"
                            + " 256 classes, which runs/{run}/classes and runs/{run}/confusion have in pages")
            List<String> classes,

            List<Double> recall,

            @Schema(description = "Share of the rows predicted as a class that are of it")
            List<Double> precision,

            @Schema(description = "Rows: truth, columns: predicted")
            List<List<Long>> confusion,

            @Schema(description = "safetensors: truth, predicted, count of each nonzero cell; recall, precision")
            ArtifactRef byClass,

            @Schema(description = "Whether the classifier's probabilities can be believed; null if not measured")
            Calibration calibration) {}

    /// Calibration: how closely a classifier's probabilities match its accuracy.
    public record Calibration(
            @Schema(description = "Expected calibration error over 15 bins, 0 to 1")
            double error,

            @Schema(description = "The same after probabilities were given the proportions from before balancing")
            double correctedError,

            @Schema(description = "Accuracy of the class that is most probable after the correction")
            double correctedAccuracy) {}

    /// Measures of the run's whole clustering.
    public record Clustering(
            int k,
            int iterations,
            double inertia,

            @Schema(description = "By name and split, such as nmi.test, silhouette.all")
            Map<String, Double> measures,

            @Schema(description = "safetensors: row, assignments, centers, projection, PCA")
            ArtifactRef clusters,

            @Schema(description = "safetensors: row, latent")
            ArtifactRef latents) {}
}
