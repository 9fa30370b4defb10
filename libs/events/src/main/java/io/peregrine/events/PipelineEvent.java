package io.peregrine.events;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/// The pipeline's events, in the order in which they occur. Events carry references, never pixels, and each is at
/// most 64 KiB. Consumers ignore unknown fields; an incompatible change gets a new type.
public sealed interface PipelineEvent {

    /// @return the run that the event belongs to; null in a [DatasetReady], whose run id is a digest of its
    ///     envelope
    RunRef run();

    /// @return the CloudEvents type, such as `io.peregrine.dataset.ready.v1`
    @JsonIgnore
    default String type() {
        return EventTypes.typeOf(getClass());
    }

    /// @return the Kafka topic of the event
    @JsonIgnore
    default String topic() {
        return EventTypes.topicOf(getClass());
    }

    /// A user announces a dataset. `body` is the complete data, not validated: see `RunSpec#parse`.
    record DatasetReady(String dataset, ObjectNode body) implements PipelineEvent {
        /// `RunSpec#parse` rejects longer names; the failed run then carries a truncated name.
        private static final int DATASET_CHARACTERS = 200;

        public DatasetReady {
            dataset = CleanText.shortened(dataset, DATASET_CHARACTERS);
        }

        @Override
        public RunRef run() {
            return null;
        }
    }

    /// Ingest accepted the specification and published it with its defaults filled in.
    record RunAccepted(RunRef run, String uri) implements PipelineEvent {}

    /// Images of one class and split were decoded into a pack. The images of one pack may be spread over several
    /// events.
    ///
    /// @param pack number of the pack in the manifest
    record ImagesIngested(RunRef run, String label, Split split, int pack, ArtifactRef pixels, List<ImageRef> images)
            implements PipelineEvent {
        public ImagesIngested {
            images = List.copyOf(images);
        }
    }

    /// @param imageId id of the image: 32 hexadecimal digits, the same in every run
    /// @param row position of the file among all listed files
    /// @param source path of the file below the class folder
    /// @param sha256 SHA-256 of the file
    /// @param index position of the image in the pack
    record ImageRef(String imageId, long row, String source, String sha256, int index) {}

    /// A listed file cannot be used as an image. The run continues without it.
    ///
    /// @param reason code of the reason, such as `IMAGE_TRUNCATED`
    /// @param detail message with details
    record ImageRejected(
            RunRef run,
            String imageId,
            long row,
            String label,
            Split split,
            String source,
            @MayBeNull String sha256,
            String reason,
            String detail)
            implements PipelineEvent {
        private static final int DETAIL_CHARACTERS = 1_000;

        public ImageRejected {
            // A decoder's message may be long; an event must be small.
            detail = detail == null ? "" : CleanText.shortenedWithCount(detail, DETAIL_CHARACTERS);
        }
    }

    /// Every listed file is in a pack or refused, and the dataset no longer changes. The manifest gives the
    /// number of images of each class.
    ///
    /// @param classes number of classes
    /// @param images number of accepted images
    /// @param testImages number of accepted images in the test split; if 0, nothing is measured on test images
    /// @param duplicatesAcrossSplits number of distinct file contents that are in more than one split
    record DatasetSealed(
            RunRef run,
            ManifestRef manifest,
            int classes,
            long images,
            long testImages,
            long refused,
            long duplicatesAcrossSplits)
            implements PipelineEvent {}

    /// The two files of a manifest: tensors and JSON.
    record ManifestRef(ArtifactRef tensors, ArtifactRef json) {}

    /// One shard of recipes was written to the store.
    record ShardWritten(RunRef run, int index, int of, ArtifactRef shard, long rows) implements PipelineEvent {}

    /// All shards are in the store. The event references everything that a trainer needs.
    ///
    /// @param shards shards in order, at most 200
    /// @param balance artifact with the result for each class; a dataset may have 10,000 classes
    /// @param rows number of rows of the balanced set
    /// @param synthetic number of synthetic rows
    record DatasetBalanced(
            RunRef run, ManifestRef manifest, List<ArtifactRef> shards, ArtifactRef balance, long rows, long synthetic)
            implements PipelineEvent {
        public DatasetBalanced {
            shards = List.copyOf(shards);
        }
    }

    /// A network's weights after an epoch.
    ///
    /// @param epoch number of the epoch, 1 to `epochs`
    /// @param best whether the loss is lower than in every earlier epoch, on the validation split (or, without
    ///     one, in training)
    /// @param measures measures by name: `loss`, `accuracy`, `imagesPerSecond`, with validation also
    ///     `validationLoss` …
    /// @param test null unless `last`, and null if the dataset has no test images: what was not measured is
    ///     absent
    record CheckpointPublished(
            RunRef run,
            Network network,
            int epoch,
            int epochs,
            boolean best,
            boolean last,
            ArtifactRef weights,
            Map<String, Double> measures,
            @MayBeNull TestMeasures test)
            implements PipelineEvent {
        public CheckpointPublished {
            measures = Map.copyOf(measures);
        }
    }

    /// Measured once, on the test split. An autoencoder has only a loss; its other measures are null.
    ///
    /// @param accuracy share of images that were predicted correctly, 0 to 1
    /// @param balancedAccuracy mean recall of the classes that have test images, 0 to 1
    /// @param macroF1 mean F1 of the classes that occur or are predicted, 0 to 1
    /// @param images number of test images, at least 1
    /// @param calibration calibration of a classifier; null if it was not measured
    /// @param byClass artifact with recall, precision and confusion matrix of a classifier, which grow with
    ///     the number of classes; null if they were not measured
    record TestMeasures(
            double loss,
            @MayBeNull Double accuracy,
            @MayBeNull Double balancedAccuracy,
            @MayBeNull Double macroF1,
            long images,
            @MayBeNull Calibration calibration,
            @MayBeNull ArtifactRef byClass) {}

    /// Calibration of a classifier's probabilities on the test split. Balancing changes the class proportions
    /// that the classifier learns. The *corrected* probabilities are adjusted to the proportions of the images
    /// before balancing.
    ///
    /// @param error expected calibration error over 15 bins, 0 to 1
    /// @param correctedError expected calibration error of the corrected probabilities
    /// @param correctedAccuracy accuracy of the most probable class after the correction
    record Calibration(double error, double correctedError, double correctedAccuracy) {}

    /// Progress of a job, published after epochs, tile rows and packs, at most once every two seconds per job.
    ///
    /// @param task task within the stage, such as `classifier` or `neighbours Cubism`
    record StageProgressed(
            RunRef run,
            Stage stage,
            String task,
            long done,
            long total,
            @MayBeNull String unit,
            Map<String, Double> measures)
            implements PipelineEvent {
        public StageProgressed {
            measures = Map.copyOf(measures);
        }
    }

    /// A run waits for a worker that is busy with other runs, or for a resource, such as space in the store. The
    /// event is published again from time to time while the run waits.
    ///
    /// @param stage stage that the run waits for
    /// @param position position in the queue: 1 means next, 0 means that the run waits for a resource
    /// @param behind runs that the stage is processing, then runs that come before this one; at most ten in total
    /// @param seconds seconds that the run has waited
    /// @param resource code and message, such as `STORE_FULL: The disk of …`; null if the run waits for a worker
    record StageQueued(
            RunRef run,
            Stage stage,
            int position,
            List<String> behind,
            double seconds,
            @MayBeNull String resource) implements PipelineEvent {
        /// Maximum number of runs in `behind`.
        public static final int MOST_BEHIND = 10;

        public StageQueued {
            behind = List.copyOf(behind);
        }
    }

    /// Clusters were written to the database and to the store. Names, sizes and purities are in the artifact
    /// `clusters`.
    ///
    /// @param measures measures by name, such as `nmi.test`, `silhouette.all`
    record ClustersComputed(
            RunRef run,
            ArtifactRef clusters,
            ArtifactRef latents,
            int k,
            int iterations,
            double inertia,
            Map<String, Double> measures)
            implements PipelineEvent {
        public ClustersComputed {
            measures = Map.copyOf(measures);
        }
    }

    /// The run has ended with a result: clusters and both final checkpoints with their measures are available.
    record RunCompleted(RunRef run) implements PipelineEvent {}

    /// The run has ended without a result.
    ///
    /// @param reason code of the failure in capitals
    /// @param detail message with the remedy; truncated after 1,000 characters, or after 300 if `errors` is not
    ///     empty
    /// @param errors errors of an invalid specification, at most the first 20; otherwise empty
    record RunFailed(RunRef run, Stage stage, FailureKind kind, String reason, String detail, List<FieldError> errors)
            implements PipelineEvent {
        private static final int DETAIL_CHARACTERS = 1_000;
        private static final int DETAIL_BESIDE_ERRORS = 300;
        private static final int ERRORS = 20;

        /// Limits the size, so that every failure can be published even though JSON writes some characters as 12
        /// bytes.
        public RunFailed {
            reason = CleanText.shortened(reason, 100);
            detail = detail == null ? "" : detail;
            errors = errors == null ? List.of() : List.copyOf(errors);
            if (errors.size() > ERRORS) {
                detail = "%s (%,d fields are wrong, of which the first %d are listed)"
                        .formatted(CleanText.shortened(detail, DETAIL_BESIDE_ERRORS / 2), errors.size(), ERRORS);
                errors = errors.subList(0, ERRORS);
            }
            detail = CleanText.shortenedWithCount(detail, errors.isEmpty() ? DETAIL_CHARACTERS : DETAIL_BESIDE_ERRORS);
        }
    }

    /// A user cancelled the run.
    ///
    /// @param reason truncated after 1,000 characters
    record RunCancelled(RunRef run, String reason) implements PipelineEvent {
        /// Maximum length of a reason in characters.
        public static final int REASON_CHARACTERS = 1_000;

        public RunCancelled {
            reason = reason == null ? "" : CleanText.shortenedWithCount(reason, REASON_CHARACTERS);
        }
    }

    /// A user deleted a run that had ended. All services delete their data of the run and ignore later events of
    /// it.
    record RunDeleted(RunRef run) implements PipelineEvent {}
}
