package io.peregrine.events;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// What a run is to do, with every default filled in: `run.json`. Only `dataset` and `uri` must be said.
///
/// The presets `seed-cnn` and `seed-autoencoder` are reproductions of the report's networks, not recommendations:
/// who says nothing gets `resnet` and `resnet-autoencoder`.
///
/// @param priority -10 to 10; says when a run is served, not what it is to do: `run.json` leaves it out
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

    /// How classes are cut where the folder has no splits of its own.
    ///
    /// @param test share of each class, 0 to below 1
    /// @param validation share of each class, cut from what is left for training
    public record SplitSpec(double test, double validation, long seed) {}

    /// @param side of the square, a multiple of 8
    public record ImageSpec(int side, Fit fit, Orientation orientation) {}

    /// How an image comes to be square.
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

    /// Whether EXIF's orientation turns the image.
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

    /// @param neighbours SMOTE's k; of no meaning to other methods
    /// @param coverage how bases are drawn; of no meaning to other methods than SMOTE
    /// @param seed as imbalanced-learn's `random_state`
    public record BalanceSpec(
            Method method, Strategy strategy, NeighbourChoice neighbours, Coverage coverage, long seed) {}

    /// How class sizes come about.
    public enum Method {
        /// Blends of neighbours.
        SMOTE("smote"),
        /// Real images repeated, as imbalanced-learn's RandomOverSampler picks them.
        RANDOM_OVER("random-over"),
        /// Real images left out, as imbalanced-learn's RandomUnderSampler picks those that stay.
        RANDOM_UNDER("random-under"),
        /// The set stays as it is; the trainer's loss weighs each class by n / (classes · count).
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

    /// Which real image a synthetic one begins from.
    public enum Coverage {
        /// Drawn, as in imbalanced-learn: some images serve often, some never.
        RANDOM("random"),
        /// Each equally often, as in the paper of 2002; what does not divide goes to images drawn once each.
        EVEN("even");

        private final String jsonName;

        Coverage(String wire) {
            this.jsonName = wire;
        }

        @JsonValue
        public String jsonName() {
            return jsonName;
        }
    }

    /// SMOTE's k.
    ///
    /// @param most at least 1
    /// @param adaptive whether a class too small for it takes all the others that it has
    public record NeighbourChoice(int most, boolean adaptive) {
        /// As in the paper, and imbalanced-learn's default.
        public static final int USUAL = 5;

        public static final String ADAPTIVE = "adaptive";

        public static NeighbourChoice fixed(int neighbours) {
            return new NeighbourChoice(neighbours, false);
        }

        /// @param real images of the class
        /// @return neighbours of each of them; more than there are others, where a fixed k cannot be
        public int of(long real) {
            return adaptive ? (int) Math.max(1, Math.min(most, real - 1)) : most;
        }

        @JsonValue
        public Object json() {
            return adaptive ? ADAPTIVE : (Object) most;
        }
    }

    /// How large each class shall be.
    public sealed interface Strategy {
        /// No synthetic image.
        record None() implements Strategy {}

        /// Every class as large as the largest; also `not majority`.
        record Auto() implements Strategy {}

        /// Only the smallest class, to the largest's size.
        record Minority() implements Strategy {}

        /// All but the smallest class.
        record NotMinority() implements Strategy {}

        /// Every class, to the largest's size.
        record All() implements Strategy {}

        /// Of two classes the smaller to this share of the larger, above 0 to 1.
        record Ratio(double share) implements Strategy {}

        /// Every smaller class to this size: the report's own rule.
        record AtLeast(long count) implements Strategy {}

        /// Final size by class; a class left out stays as it is.
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

    /// How one network is trained.
    ///
    /// @param preset `resnet`, `seed-cnn`, `resnet-autoencoder` or `seed-autoencoder`
    /// @param latent length of the code between encoder and decoder; 0 for a classifier
    /// @param dropout share of hidden units left out in training; 0 for an autoencoder
    /// @param device `auto`, `cpu`, or `gpu:0` and so on
    /// @param init weights to begin with; null: start values drawn from the seed
    public record TrainSpec(
            String preset,
            int latent,
            int epochs,
            int batchSize,
            double learningRate,
            long seed,
            double dropout,
            @JsonUnwrapped TrainingOptions regimen,
            String device,
            Init init) {
        /// Device that is the first GPU where there is one, and the processor elsewhere.
        public static final String AUTO = "auto";

        /// A training from start values of its own, on whatever device there is.
        public TrainSpec(
                String preset,
                int latent,
                int epochs,
                int batchSize,
                double learningRate,
                long seed,
                double dropout,
                TrainingOptions regimen) {
            this(preset, latent, epochs, batchSize, learningRate, seed, dropout, regimen, AUTO, null);
        }

        /// A training as plain as the report's.
        public TrainSpec(
                String preset, int latent, int epochs, int batchSize, double learningRate, long seed, double dropout) {
            this(preset, latent, epochs, batchSize, learningRate, seed, dropout, TrainingOptions.PLAIN);
        }

        /// @return the same training from other weights
        public TrainSpec from(Init other) {
            return new TrainSpec(
                    preset, latent, epochs, batchSize, learningRate, seed, dropout, regimen, device, other);
        }
    }

    /// The weights that a training begins with: a network's `state_dict` in safetensors.
    public sealed interface Init {
        /// A file below one of ingest's roots, as a user says it.
        ///
        /// @param uri `file:///…`
        record File(String uri) implements Init {}

        /// A file of the store, as `run.json` says it: its digest is part of what the run is, wherever
        /// the user's own file has gone.
        record Stored(ArtifactRef weights) implements Init {}

        @JsonValue
        default Object json() {
            return switch (this) {
                case File file -> file.uri();
                case Stored stored -> stored.weights();
            };
        }
    }

    /// What a training does beside following its gradient.
    ///
    /// @param schedule of the learning rate after the warm-up
    /// @param warmUp share of all steps in which the learning rate rises from 0, 0 to below 1
    /// @param weightDecay AdamW's; 0: none
    /// @param gradientNorm norm to which longer gradients are shortened; 0: none is
    /// @param labelSmoothing share of the truth spread over all classes; 0 for an autoencoder
    /// @param augment what is done to an image each time that it is learnt from
    /// @param patience epochs without a better validation loss after which a training ends; 0: it goes on to
    ///     its end
    public record TrainingOptions(
            Schedule schedule,
            double warmUp,
            double weightDecay,
            double gradientNorm,
            double labelSmoothing,
            Augment augment,
            int patience) {
        /// Nothing of all that: the report's.
        public static final TrainingOptions PLAIN = new TrainingOptions(Schedule.CONSTANT, 0, 0, 0, 0, Augment.NONE, 0);
    }

    /// How the learning rate goes.
    public enum Schedule {
        /// As it was asked for.
        CONSTANT,
        /// Down to 0 along half a cosine: Loshchilov and Hutter, "SGDR", 2017, without restarts.
        COSINE;

        @JsonValue
        public String jsonName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// What is done to images while they are learnt from, anew in each epoch.
    public enum Augment {
        NONE,
        /// Every second one is mirrored.
        FLIP,
        /// Mirrored, moved by up to an eighth of the side, and brightness and contrast changed by up to a fifth.
        STANDARD;

        @JsonValue
        public String jsonName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// @param k number of clusters; null: as many as there are classes
    public record ClusterSpec(Integer k, long seed) {}

    /// Reads what a user said, fills in the defaults and checks every field.
    ///
    /// @param body the data of a dataset-ready
    /// @throws BadSpec with an error for each field that cannot stand
    public static RunSpec parse(ObjectNode body) throws InvalidSpecException {
        return SpecReader.read(body);
    }

    /// @return the same with other trainings
    public RunSpec training(TrainSpec otherClassifier, TrainSpec otherAutoencoder) {
        return new RunSpec(dataset, uri, split, image, balance, otherClassifier, otherAutoencoder, clusters, priority);
    }

    /// @return `run.json`: every field that says what the run is, in one order, the same bytes for the same
    ///     specification
    public byte[] toJson() {
        ObjectNode json = EventCodec.json().valueToTree(this);
        json.remove("priority");
        ((ObjectNode) json.get("classifier")).remove("latent");
        ((ObjectNode) json.get("autoencoder")).remove(List.of("dropout", "labelSmoothing"));
        try {
            return EventCodec.json().writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// @param runJson what [#toJson] wrote
    /// @throws Failure OURS, if it is no specification
    public static RunSpec read(byte[] runJson) {
        try {
            JsonNode json = EventCodec.json().readTree(runJson);
            return parse((ObjectNode) json);
        } catch (IOException | InvalidSpecException | ClassCastException e) {
            throw FailureException.internal(
                    "SPEC_UNREADABLE", "run.json in the store cannot be read: " + e.getMessage(), e);
        }
    }
}
