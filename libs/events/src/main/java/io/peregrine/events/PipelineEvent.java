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

    /// A user announces a dataset. `body` is the complete data, not validated: see [RunSpec#parse].
    record DatasetReady(String dataset, ObjectNode body) implements PipelineEvent {
        /// [RunSpec#parse] rejects longer names; the failed run then carries a truncated name.
        private static final int DATASET_CHARACTERS = 200;

        public DatasetReady {
            dataset = CleanText.shortened(dataset, DATASET_CHARACTERS);
        }

        @Override
        public RunRef run() {
            return null;
        }
    }

    /// Ingest understood the specification and published it with its defaults filled in.
    record RunAccepted(RunRef run, String uri) implements PipelineEvent {}

    /// Images of one class and split were decoded into a pack. One pack may need several of these events.
    ///
    /// @param pack the pack's number in the manifest
    record ImagesIngested(RunRef run, String label, Split split, int pack, ArtifactRef pixels, List<ImageRef> images)
            implements PipelineEvent {
        public ImagesIngested {
            images = List.copyOf(images);
        }
    }

    /// @param imageId 32 hexadecimal digits, the same in every run
    /// @param row the image's place among all listed files
    /// @param source its path in the class folder
    /// @param sha256 digest of the file
    /// @param index its place in the pack
    record ImageRef(String imageId, long row, String source, String sha256, int index) {}

    /// A listed file is no image that we can use. The rest goes on.
    ///
    /// @param reason a code such as `IMAGE_TRUNCATED`
    /// @param detail one sentence for a person
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

    /// Every listed file is in a pack or refused; nothing changes any more. How many images each class has
    /// follows from the manifest.
    ///
    /// @param classes number of classes
    /// @param images accepted ones
    /// @param duplicatesAcrossSplits byte-identical files that lie on both sides of a given split
    record DatasetSealed(
            RunRef run, ManifestRef manifest, int classes, long images, long refused, long duplicatesAcrossSplits)
            implements PipelineEvent {}

    /// A manifest's two files: tensors and the JSON beside them.
    record ManifestRef(ArtifactRef tensors, ArtifactRef json) {}

    /// One shard of recipes lies in the store.
    record ShardWritten(RunRef run, int index, int of, ArtifactRef shard, long rows) implements PipelineEvent {}

    /// All shards lie in the store: what a trainer needs, and nothing else.
    ///
    /// @param shards in order; at most 200
    /// @param balance what became of each class: an artifact, since a dataset may have 10,000 classes
    /// @param rows of the balanced set
    /// @param synthetic rows that are not real images
    record DatasetBalanced(
            RunRef run, ManifestRef manifest, List<ArtifactRef> shards, ArtifactRef balance, long rows, long synthetic)
            implements PipelineEvent {
        public DatasetBalanced {
            shards = List.copyOf(shards);
        }
    }

    /// A network's weights after an epoch.
    ///
    /// @param epoch 1 to epochs
    /// @param best whether no earlier epoch measured better on the validation split (or, without one, in training)
    /// @param measures by name: `loss`, `accuracy`, `imagesPerSecond`, with validation also `validationLoss` …
    /// @param test null unless `last`
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

    /// Measured once, on the test split. For the autoencoder only the loss means something.
    ///
    /// @param images that were tested; 0: there were none, and nothing was measured
    /// @param calibration of a classifier; null where it was not measured
    /// @param byClass recall, precision and confusion of a classifier: an artifact, since they grow with the
    ///     number of classes; null where they were not measured
    record TestMeasures(
            double loss,
            double accuracy,
            double balancedAccuracy,
            double macroF1,
            long images,
            @MayBeNull Calibration calibration,
            @MayBeNull ArtifactRef byClass) {}

    /// Whether a classifier's probabilities can be believed, on the test split. What is balanced has not the
    /// world's proportions of classes: *corrected* are the probabilities after they were given back those of the
    /// images.
    ///
    /// @param error expected calibration error over 15 bins, 0 to 1
    /// @param correctedError the same of corrected probabilities
    /// @param correctedAccuracy accuracy of the class that is most probable after the correction
    record Calibration(double error, double correctedError, double correctedAccuracy) {}

    /// Work goes on: at epoch ends, tile rows and packs, at most once in two seconds for a job.
    ///
    /// @param task what within the stage, such as `classifier` or `neighbours Cubism`
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

    /// A run's work waits: for a worker that others keep at work, or for a resource, such as room in the store.
    /// Said again from time to time while that is so.
    ///
    /// @param stage whose work waits
    /// @param position 1: it is the next; 0: it waits for a resource
    /// @param behind runs that are at work in the stage, then those that come before this one; at most ten of both
    /// @param seconds for how long it has waited
    /// @param resource a code and a sentence, such as `STORE_FULL: The disk of …`; null where it waits for a worker
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

    /// Clusters lie in the database and in the store. Names, sizes and purities are in the artifact `clusters`.
    ///
    /// @param measures by name, such as `nmi.test`, `silhouette.all`
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

    /// Clusters and both final checkpoints with their measures are in.
    record RunCompleted(RunRef run) implements PipelineEvent {}

    /// The run has ended without a result.
    ///
    /// @param reason a code in capitals
    /// @param detail one sentence for a person, with the remedy; cut after 1,000 characters,
    ///     beside errors after 300
    /// @param errors of a bad specification, the first 20 fields'; otherwise empty
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

    /// A user ended the run.
    ///
    /// @param reason cut after 1,000 characters
    record RunCancelled(RunRef run, String reason) implements PipelineEvent {
        /// Maximum length of a reason in characters.
        public static final int REASON_CHARACTERS = 1_000;

        public RunCancelled {
            reason = reason == null ? "" : CleanText.shortenedWithCount(reason, REASON_CHARACTERS);
        }
    }

    /// A user deleted a run that had ended: nobody keeps anything of it, and nothing that is
    /// heard of it later counts.
    record RunDeleted(RunRef run) implements PipelineEvent {}
}
