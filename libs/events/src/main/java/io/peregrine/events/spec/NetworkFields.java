package io.peregrine.events.spec;

import static io.peregrine.events.spec.FieldType.choice;
import static io.peregrine.events.spec.FieldType.integer;
import static io.peregrine.events.spec.FieldType.pattern;
import static io.peregrine.events.spec.FieldType.positive;
import static io.peregrine.events.spec.FieldType.share;
import static io.peregrine.events.spec.FieldType.unlimited;
import static io.peregrine.events.spec.FieldType.upTo;

import io.peregrine.events.spec.RunSpec.AugmentationPolicy;
import io.peregrine.events.spec.RunSpec.Method;
import io.peregrine.events.spec.RunSpec.Schedule;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.events.spec.RunSpec.WeightsSource;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/// Fields of one network, a part of the table [SpecFields]. The report's networks use none of the additional
/// options by default.
///
/// @param latent null for the classifier
/// @param dropout null for the autoencoder
/// @param labelSmoothing null for the autoencoder
record NetworkFields(
        SpecField<String> preset,
        SpecField<Integer> latent,
        SpecField<Integer> epochs,
        SpecField<Integer> batchSize,
        SpecField<Double> learningRate,
        SpecField<Long> seed,
        SpecField<Double> dropout,
        SpecField<Schedule> schedule,
        SpecField<Double> warmupRatio,
        SpecField<Double> weightDecay,
        SpecField<Double> maxGradNorm,
        SpecField<Double> labelSmoothing,
        SpecField<AugmentationPolicy> augmentation,
        SpecField<Integer> patience,
        SpecField<String> device,
        SpecField<WeightsSource> initialWeights) {
    private static final String PRESET = "which network; `seed-…` reproduces the report's";
    private static final SpecOption EPOCHS = new SpecOption("--epochs", "N", "epochs of both networks");
    private static final SpecOption BATCH_SIZE = new SpecOption("--batch-size", "N", "batch size of both networks");

    /// @param method PyTorch's smoothed loss, which the classifier's equals, also weights the classes over which
    ///     the label is spread. With class weights the rare classes would get more weight in it than the true
    ///     class of a frequent one: then the default is no smoothing.
    static NetworkFields classifier(SpecField<Method> method) {
        SpecGroup group =
                new SpecGroup("classifier", "how the classifier is trained, on every row of the balanced set");
        SpecField<String> preset = group.field("preset", choice("resnet", "seed-cnn"), "resnet", PRESET)
                .option("--classifier", "PRESET");
        SpecField<Double> dropout = group.field("dropout", share(), 0.1, "share of hidden units that are left out");
        SpecField<Double> smoothing = group.field(
                        "labelSmoothing", share(), 0.1, "share of each target that is spread over all classes")
                .where(preset, "seed-cnn", 0.0)
                .where(method, Method.CLASS_WEIGHTS, 0.0);
        return of(
                group,
                preset,
                "seed-cnn",
                null,
                dropout,
                smoothing,
                new Defaults(0.002, 0.01, 0.05, 5, AugmentationPolicy.STANDARD));
    }

    static NetworkFields autoencoder() {
        SpecGroup group = new SpecGroup("autoencoder", "how the autoencoder is trained, on the real images");
        SpecField<String> preset = group.field(
                        "preset", choice("resnet-autoencoder", "seed-autoencoder"), "resnet-autoencoder", PRESET)
                .option("--autoencoder", "PRESET");
        SpecField<Integer> latent = group.field(
                        "latent", integer(1, 65_536), 300, "number of dimensions of the latents")
                .option("--latent", "N");
        return of(
                group,
                preset,
                "seed-autoencoder",
                latent,
                null,
                null,
                new Defaults(0.001, 0.001, 0, 0, AugmentationPolicy.FLIP));
    }

    /// Defaults that differ between the networks.
    ///
    /// @param reportsRate learning rate of the report's network
    private record Defaults(
            double rate, double reportsRate, double weightDecay, double maxGradNorm, AugmentationPolicy augmentation) {}

    private static NetworkFields of(
            SpecGroup group,
            SpecField<String> preset,
            String report,
            SpecField<Integer> latent,
            SpecField<Double> dropout,
            SpecField<Double> labelSmoothing,
            Defaults defaults) {
        return new NetworkFields(
                preset,
                latent,
                group.field("epochs", integer(1, 100_000), 20, "passes over all rows")
                        .where(preset, report, 10)
                        .option(EPOCHS),
                group.field("batchSize", integer(1, 65_536), 32, "rows per optimizer step")
                        .option(BATCH_SIZE),
                group.field(
                                "learningRate",
                                positive(10),
                                defaults.rate,
                                "Adam's learning rate; with a schedule its maximum")
                        .where(preset, report, defaults.reportsRate),
                SpecFields.seed(group, "seed of initial weights, order, dropout and augmentation"),
                dropout,
                group.field(
                                "schedule",
                                choice(Schedule.class, Schedule::jsonName),
                                Schedule.COSINE,
                                "`cosine`: the learning rate decays to 0 along half a cosine")
                        .where(preset, report, Schedule.CONSTANT),
                group.field("warmupRatio", share(), 0.05, "share of all steps in which the learning rate rises from 0")
                        .where(preset, report, 0.0),
                group.field(
                                "weightDecay",
                                upTo(10),
                                defaults.weightDecay,
                                "AdamW's weight decay; not applied to biases and norm scales")
                        .where(preset, report, 0.0),
                group.field(
                                "maxGradNorm",
                                unlimited(),
                                defaults.maxGradNorm,
                                "maximum norm of the gradient, to which a larger one is clipped; 0: no clipping")
                        .where(preset, report, 0.0),
                labelSmoothing,
                group.field(
                                "augmentation",
                                choice(AugmentationPolicy.class, AugmentationPolicy::jsonName),
                                defaults.augmentation,
                                "random changes of the images, drawn again in each epoch. `flip`: every second image is"
                                        + " mirrored; `standard`: also a part of 40 to 100 % of its area is shown at full"
                                        + " size, and brightness and contrast change by up to a fifth")
                        .where(preset, report, AugmentationPolicy.NONE),
                group.field(
                        "patience",
                        integer(0, 100_000),
                        0,
                        "early stopping: epochs without a better validation loss after which a training ends; 0, or"
                                + " without a validation split: never"),
                group.field(
                        "device",
                        pattern("auto|cpu|gpu:[0-9]{1,4}", "is not a device", "auto, cpu, or gpu:0 and so on"),
                        TrainSpec.AUTO,
                        "processor or GPU; `auto`: the first GPU, or the processor if there is none"),
                group.optional(
                        "initialWeights",
                        SpecTypes.weights(),
                        "drawn from the seed",
                        "weights to start from: a PyTorch `state_dict` in safetensors, or a checkpoint"));
    }

    /// @return all fields of the network, in order
    List<SpecField<?>> all() {
        return Stream.<SpecField<?>>of(
                        preset,
                        latent,
                        epochs,
                        batchSize,
                        learningRate,
                        seed,
                        dropout,
                        schedule,
                        warmupRatio,
                        weightDecay,
                        maxGradNorm,
                        labelSmoothing,
                        augmentation,
                        patience,
                        device,
                        initialWeights)
                .filter(Objects::nonNull)
                .toList();
    }
}
