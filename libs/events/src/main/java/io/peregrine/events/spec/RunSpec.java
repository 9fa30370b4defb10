package io.peregrine.events.spec;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// Specification of a run, with every default filled in: `run.json`. The table [SpecFields] has the meaning,
/// range and default of every field.
///
/// @param priority decides when a run is served, not what it computes; `run.json` omits it
public record RunSpec(
        String dataset,
        String uri,
        SplitSpec split,
        ImageSpec image,
        BalanceSpec balance,
        TrainSpec classifier,
        TrainSpec autoencoder,
        ClusterSpec clusters,
        int priority) {

    /// Field `split`.
    public record SplitSpec(double test, double validation, long seed) {}

    /// Field `image`.
    public record ImageSpec(int side, Fit fit, Orientation orientation) {}

    /// How an image is resized to a square.
    public enum Fit {
        STRETCH,
        COVER,
        LETTERBOX;

        @JsonValue
        public String jsonName() {
            return name().toLowerCase(Locale.ROOT);
        }

        @JsonCreator
        static Fit parse(String wire) {
            return valueOf(wire.toUpperCase(Locale.ROOT));
        }
    }

    /// Whether the orientation in EXIF or XMP is applied.
    public enum Orientation {
        APPLY,
        IGNORE;

        @JsonValue
        public String jsonName() {
            return name().toLowerCase(Locale.ROOT);
        }

        @JsonCreator
        static Orientation parse(String wire) {
            return valueOf(wire.toUpperCase(Locale.ROOT));
        }
    }

    /// Field `balance`. `neighbours` and `baseSampling` are ignored by other methods than SMOTE.
    public record BalanceSpec(
            Method method, Strategy strategy, NeighbourChoice neighbours, BaseSampling baseSampling, long seed) {}

    /// How classes are balanced.
    public enum Method {
        /// Interpolates between neighbours.
        SMOTE("smote"),
        /// Repeats real images, selected as by imbalanced-learn's RandomOverSampler.
        RANDOM_OVER("random-over"),
        /// Removes real images; the remaining ones are selected as by imbalanced-learn's RandomUnderSampler.
        RANDOM_UNDER("random-under"),
        /// Leaves the dataset unchanged; the trainer weights each class in the loss by n / (classes · count).
        CLASS_WEIGHTS("class-weights");

        private final String jsonName;

        Method(String wire) {
            this.jsonName = wire;
        }

        @JsonValue
        public String jsonName() {
            return jsonName;
        }
    }

    /// How the base images of synthetic images are selected.
    public enum BaseSampling {
        /// Random, as in imbalanced-learn: some images are selected often, some never.
        RANDOM("random"),
        /// Each equally often, as in the paper of 2002; the remainder goes to distinct images drawn at random.
        EVEN("even");

        private final String jsonName;

        BaseSampling(String wire) {
            this.jsonName = wire;
        }

        @JsonValue
        public String jsonName() {
            return jsonName;
        }
    }

    /// Number of neighbours of SMOTE (k).
    ///
    /// @param most maximum number of neighbours, at least 1
    /// @param adaptive whether a class with too few images uses all its other images as neighbours
    public record NeighbourChoice(int most, boolean adaptive) {
        /// Default of the paper and of imbalanced-learn.
        public static final int DEFAULT = 5;

        public static final String ADAPTIVE = "adaptive";

        public static NeighbourChoice fixed(int neighbours) {
            return new NeighbourChoice(neighbours, false);
        }

        /// @param real number of real images of the class
        /// @return number of neighbours of each image; with a fixed k this may exceed the number of other
        ///     images
        public int of(long real) {
            return adaptive ? (int) Math.max(1, Math.min(most, real - 1)) : most;
        }

        @JsonValue
        public Object json() {
            return adaptive ? ADAPTIVE : (Object) most;
        }
    }

    /// Target size of each class. With method `random-under`, `auto`, `not minority` and `all` reduce every class
    /// to the size of the smallest class; `minority` and `atLeast` are not allowed.
    public sealed interface Strategy {
        /// No synthetic images.
        record None() implements Strategy {}

        /// Raises every class to the size of the largest; also `not majority`.
        record Auto() implements Strategy {}

        /// Raises only the smallest class, to the size of the largest.
        record Minority() implements Strategy {}

        /// Raises all classes except the smallest to the size of the largest.
        record NotMinority() implements Strategy {}

        /// Raises every class to the size of the largest.
        record All() implements Strategy {}

        /// For two classes: raises the smaller to this share of the larger, above 0 to 1.
        record Ratio(double share) implements Strategy {}

        /// Raises every smaller class to this size: the report's own rule.
        record AtLeast(long count) implements Strategy {}

        /// Final size by class; a class that is not listed keeps its size.
        record Counts(Map<String, Long> counts) implements Strategy {
            public Counts {
                counts = new TreeMap<>(counts);
            }
        }

        @JsonValue
        default Object json() {
            return switch (this) {
                case None none -> "none";
                case Auto auto -> "auto";
                case Minority minority -> "minority";
                case NotMinority notMinority -> "not minority";
                case All all -> "all";
                case Ratio ratio -> ratio.share();
                case AtLeast atLeast -> Map.of("atLeast", atLeast.count());
                case Counts counts -> Map.of("counts", counts.counts());
            };
        }
    }

    /// Fields `classifier` and `autoencoder`.
    ///
    /// @param latent 0 for a classifier
    /// @param dropout 0 for an autoencoder
    /// @param initialWeights null: drawn from the seed
    public record TrainSpec(
            String preset,
            int latent,
            int epochs,
            int batchSize,
            double learningRate,
            long seed,
            double dropout,
            @JsonUnwrapped TrainingOptions options,
            String device,
            WeightsSource initialWeights) {
        /// Uses the first GPU if there is one, otherwise the CPU.
        public static final String AUTO = "auto";

        /// A training with random initial weights, on the default device.
        public TrainSpec(
                String preset,
                int latent,
                int epochs,
                int batchSize,
                double learningRate,
                long seed,
                double dropout,
                TrainingOptions options) {
            this(preset, latent, epochs, batchSize, learningRate, seed, dropout, options, AUTO, null);
        }

        /// A training as in the report, without additional options.
        public TrainSpec(
                String preset, int latent, int epochs, int batchSize, double learningRate, long seed, double dropout) {
            this(preset, latent, epochs, batchSize, learningRate, seed, dropout, TrainingOptions.PLAIN);
        }

        /// @return the same training with other initial weights
        public TrainSpec from(WeightsSource other) {
            return new TrainSpec(
                    preset, latent, epochs, batchSize, learningRate, seed, dropout, options, device, other);
        }
    }

    /// Initial weights of a training: a network's `state_dict` in safetensors format.
    public sealed interface WeightsSource {
        /// A file below one of ingest's roots, as the user specifies it.
        ///
        /// @param uri `file:///…`
        record File(String uri) implements WeightsSource {}

        /// A file of the store, as `run.json` specifies it. Its digest is part of the run's identity, even if the
        /// user's own file no longer exists.
        record Stored(ArtifactRef weights) implements WeightsSource {}

        @JsonValue
        default Object json() {
            return switch (this) {
                case File file -> file.uri();
                case Stored stored -> stored.weights();
            };
        }
    }

    /// Regularization and learning-rate schedule of a training.
    ///
    /// @param labelSmoothing 0 for an autoencoder
    public record TrainingOptions(
            Schedule schedule,
            double warmupRatio,
            double weightDecay,
            double maxGradNorm,
            double labelSmoothing,
            AugmentationPolicy augmentation,
            int patience) {
        /// No additional options, as in the report.
        public static final TrainingOptions PLAIN =
                new TrainingOptions(Schedule.CONSTANT, 0, 0, 0, 0, AugmentationPolicy.NONE, 0);
    }

    /// Schedule of the learning rate.
    public enum Schedule {
        /// The configured learning rate.
        CONSTANT,
        /// Decreases to 0 along half a cosine: Loshchilov and Hutter, "SGDR", 2017, without restarts.
        COSINE;

        @JsonValue
        public String jsonName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// Random changes of the training images; the table [SpecFields] describes them.
    public enum AugmentationPolicy {
        NONE,
        FLIP,
        STANDARD;

        @JsonValue
        public String jsonName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// Field `clusters`.
    ///
    /// @param k null: as many as there are classes
    public record ClusterSpec(Integer k, long seed) {}

    /// Reads a user's specification, fills in the defaults and validates every field.
    ///
    /// @param body data of a dataset-ready event
    /// @throws InvalidSpecException with an error for each invalid field
    public static RunSpec parse(ObjectNode body) throws InvalidSpecException {
        return SpecReader.read(body);
    }

    /// @return the same specification with other trainings
    public RunSpec training(TrainSpec otherClassifier, TrainSpec otherAutoencoder) {
        return new RunSpec(dataset, uri, split, image, balance, otherClassifier, otherAutoencoder, clusters, priority);
    }

    /// @return `run.json`: every field that defines the run, in a fixed order; equal specifications give equal
    ///     bytes
    public byte[] toJson() {
        ObjectNode json = EventCodec.json().valueToTree(this);
        json.remove("priority");
        for (NetworkFields network : List.of(SpecFields.CLASSIFIER, SpecFields.AUTOENCODER)) {
            SpecGroup group = network.preset().group();
            ((ObjectNode) json.get(group.name())).retain(SpecFields.namesIn(group));
        }
        try {
            return EventCodec.json().writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// @param runJson output of [#toJson]
    /// @throws FailureException INTERNAL if it is not a valid specification
    public static RunSpec read(byte[] runJson) {
        try {
            JsonNode json = EventCodec.json().readTree(runJson);
            return parse((ObjectNode) json);
        } catch (IOException | InvalidSpecException | ClassCastException e) {
            throw FailureException.internal(
                    "SPEC_UNREADABLE", "Cannot read run.json from the store: " + e.getMessage(), e);
        }
    }
}
