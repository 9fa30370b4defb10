package io.peregrine.events.spec;

import static io.peregrine.events.spec.FieldType.choice;
import static io.peregrine.events.spec.FieldType.integer;
import static io.peregrine.events.spec.FieldType.multiple;
import static io.peregrine.events.spec.FieldType.share;
import static io.peregrine.events.spec.FieldType.text;
import static io.peregrine.events.spec.FieldType.whole;

import io.peregrine.events.spec.RunSpec.BaseSampling;
import io.peregrine.events.spec.RunSpec.Fit;
import io.peregrine.events.spec.RunSpec.Method;
import io.peregrine.events.spec.RunSpec.NeighbourChoice;
import io.peregrine.events.spec.RunSpec.Orientation;
import io.peregrine.events.spec.RunSpec.Strategy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/// The table of all fields of a specification: names, types, ranges, defaults, meanings and options of the
/// command line. Reading, errors, schemas, options and documents come from it.
///
/// The presets `seed-cnn` and `seed-autoencoder` are reproductions of the report's networks, not recommendations.
public final class SpecFields {
    // Declared first, because the declarations of the fields add to it.
    private static final List<SpecField<?>> ALL = new ArrayList<>();

    /// Every event of a run carries the dataset's name, and a run.failed event carries all errors: both must fit
    /// into 64 KiB.
    private static final int DATASET_CHARACTERS = 200;

    private static final SpecOption SEED = new SpecOption("--seed", "N", "seed of all random draws");

    static final SpecGroup ROOT = new SpecGroup("", "Specification of a run. An unknown field is an error");
    static final SpecGroup SPLIT =
            new SpecGroup("split", "how classes are split if the folder has no `train/`, `test/` or `validation/`");
    static final SpecGroup IMAGE = new SpecGroup("image", "how images are resized");
    static final SpecGroup BALANCE = new SpecGroup("balance", "how the classes of the training split are balanced");
    static final SpecGroup CLUSTERS = new SpecGroup("clusters", "how latents are clustered");

    static final SpecField<String> DATASET =
            add(ROOT.required("dataset", text(DATASET_CHARACTERS), "name of the dataset"));
    static final SpecField<String> URI =
            add(ROOT.required("uri", SpecTypes.folder(), "folder of the images, below a root of ingest-service"));

    static final SpecField<Double> TEST = add(
            SPLIT.field("test", share(), 0.1, "share of each class for testing, if the folder has no splits of its own")
                    .option("--test", "SHARE"));
    static final SpecField<Double> VALIDATION = add(SPLIT.field(
                    "validation",
                    share(),
                    0.0,
                    "share of each class for validation, if the folder has no splits of its own; with `split.test`"
                            + " below 1")
            .option("--validation", "SHARE"));
    static final SpecField<Long> SPLIT_SEED = add(seed(SPLIT, "seed of the split"));

    static final SpecField<Integer> SIDE =
            add(IMAGE.field("side", multiple(8, 8, 2_048), 416, "width and height of every image in pixels")
                    .option("--side", "N"));
    static final SpecField<Fit> FIT = add(
            IMAGE.field(
                    "fit",
                    choice(Fit.class, Fit::jsonName),
                    Fit.STRETCH,
                    "how an image becomes a square: `stretch` changes its proportions, `cover` crops it, `letterbox` adds bars"));
    static final SpecField<Orientation> ORIENTATION = add(IMAGE.field(
            "orientation",
            choice(Orientation.class, Orientation::jsonName),
            Orientation.APPLY,
            "whether the orientation in EXIF or XMP is applied"));

    static final SpecField<Method> METHOD = add(
            BALANCE.field("method", choice(Method.class, Method::jsonName), Method.SMOTE, "how classes are balanced")
                    .option("--method", "M"));
    static final SpecField<Strategy> STRATEGY = add(BALANCE.field(
                    "strategy",
                    SpecTypes.strategy(),
                    (Strategy) new Strategy.AtLeast(200),
                    "size of each class after balancing")
            .where(METHOD, Method.RANDOM_UNDER, new Strategy.Auto())
            .option(new SpecOption(
                    "--strategy", "S", "none, auto, minority, 'not minority', all, a ratio, or atLeast:N")));
    static final SpecField<NeighbourChoice> NEIGHBOURS = add(BALANCE.field(
                    "neighbours",
                    SpecTypes.neighbours(),
                    NeighbourChoice.fixed(NeighbourChoice.DEFAULT),
                    "SMOTE's k; `adaptive`: 5, or all other images of a smaller class")
            .option("--neighbours", "K"));
    static final SpecField<BaseSampling> BASE_SAMPLING = add(BALANCE.field(
                    "baseSampling",
                    choice(BaseSampling.class, BaseSampling::jsonName),
                    BaseSampling.RANDOM,
                    "how SMOTE selects base images; `even`: each equally often")
            .option("--base-sampling", "random|even"));
    static final SpecField<Long> BALANCE_SEED =
            add(seed(BALANCE, "seed of balancing, as imbalanced-learn's `random_state`"));

    static final NetworkFields CLASSIFIER = NetworkFields.classifier(METHOD);
    static final NetworkFields AUTOENCODER = NetworkFields.autoencoder();

    static {
        CLASSIFIER.all().forEach(SpecFields::add);
        AUTOENCODER.all().forEach(SpecFields::add);
    }

    static final SpecField<Integer> K = add(CLUSTERS.optional(
                    "k", integer(1, 10_000), "the number of classes", "number of clusters, at most that of images")
            .option("--clusters", "K"));
    static final SpecField<Long> CLUSTERS_SEED = add(seed(CLUSTERS, "seed of k-means"));

    static final SpecField<Integer> PRIORITY = add(ROOT.field(
                    "priority",
                    integer(-10, 10),
                    0,
                    "runs of higher priority are served first; the results are the same")
            .option("--priority", "N"));

    private SpecFields() {}

    /// @return every field, in the order in which they are read and documented
    public static List<SpecField<?>> all() {
        return Collections.unmodifiableList(ALL);
    }

    /// @return names of the fields of an object; for the specification itself, also of its objects
    static List<String> namesIn(SpecGroup group) {
        Stream<String> names = group.isRoot()
                ? ALL.stream()
                        .map(field -> field.group().isRoot()
                                ? field.name()
                                : field.group().name())
                : ALL.stream().filter(field -> field.group().equals(group)).map(SpecField::name);
        return names.distinct().toList();
    }

    /// @return field `seed` of an object
    static SpecField<Long> seed(SpecGroup group, String meaning) {
        return group.field("seed", whole(0, 0xffff_ffffL), 42L, meaning).option(SEED);
    }

    private static <T> SpecField<T> add(SpecField<T> field) {
        ALL.add(field);
        return field;
    }
}
