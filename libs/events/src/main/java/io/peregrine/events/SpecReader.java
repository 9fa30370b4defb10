package io.peregrine.events;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.RunSpec.AugmentationPolicy;
import io.peregrine.events.RunSpec.BalanceSpec;
import io.peregrine.events.RunSpec.ClusterSpec;
import io.peregrine.events.RunSpec.BaseSampling;
import io.peregrine.events.RunSpec.Fit;
import io.peregrine.events.RunSpec.ImageSpec;
import io.peregrine.events.RunSpec.WeightsSource;
import io.peregrine.events.RunSpec.Method;
import io.peregrine.events.RunSpec.NeighbourChoice;
import io.peregrine.events.RunSpec.Orientation;
import io.peregrine.events.RunSpec.Schedule;
import io.peregrine.events.RunSpec.SplitSpec;
import io.peregrine.events.RunSpec.Strategy;
import io.peregrine.events.RunSpec.TrainSpec;
import io.peregrine.events.RunSpec.TrainingOptions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads a specification: its fields, their allowed values and their defaults.
final class SpecReader {
    /// Every event of a run carries the dataset's name, and a run.failed event carries all errors: both must fit
    /// into 64 KiB.
    private static final int DATASET_CHARACTERS = 200;

    private static final int PRIORITIES = 10;

    private static final int URI_CHARACTERS = 4_096;

    private static final TrainingOptions RESNET =
            new TrainingOptions(Schedule.COSINE, 0.05, 0.05, 5, 0.1, AugmentationPolicy.STANDARD, 0);

    private static final TrainingOptions RESNET_WEIGHED =
            new TrainingOptions(Schedule.COSINE, 0.05, 0.05, 5, 0, AugmentationPolicy.STANDARD, 0);

    private static final TrainingOptions RESNET_AUTOENCODER =
            new TrainingOptions(Schedule.COSINE, 0.05, 0, 0, 0, AugmentationPolicy.FLIP, 0);

    private SpecReader() {}

    static RunSpec read(ObjectNode json) throws InvalidSpecException {
        FieldErrors errors = new FieldErrors();
        RunSpec spec = spec(Fields.of(json, errors));
        if (errors.count() > 0) {
            throw new InvalidSpecException(errors);
        }
        return spec;
    }

    private static RunSpec spec(Fields body) {
        body.rejectUnknownFields(
                "dataset", "uri", "split", "image", "balance", "classifier", "autoencoder", "clusters", "priority");
        // In the order of the fields, which is the order of the errors.
        String dataset = body.string("dataset", DATASET_CHARACTERS);
        String uri = address(body, "uri", "folder");
        SplitSpec split = split(body.object("split"));
        ImageSpec image = image(body.object("image"));
        BalanceSpec balance = balance(body.object("balance"));
        TrainSpec classifier = classifier(body.object("classifier"), balance.method());
        return new RunSpec(
                dataset,
                uri,
                split,
                image,
                balance,
                classifier,
                autoencoder(body.object("autoencoder")),
                clusters(body.object("clusters")),
                (int) body.integer(
                        "priority", 0, p -> Math.abs(p) <= PRIORITIES, "a whole number from -10 to 10, higher first"));
    }

    /// @param what kind of target: folder or file
    private static String address(Fields fields, String field, String what) {
        String uri = fields.string(field, URI_CHARACTERS);
        if (uri != null && !uri.startsWith("file:/")) {
            fields.addError(field, "is not the URI of a %s".formatted(what), "write file:///path/to/" + what);
        }
        return uri;
    }

    private static SplitSpec split(Fields split) {
        split.rejectUnknownFields("test", "validation", "seed");
        double test = split.fraction("test", 0.1);
        double validation = split.fraction("validation", 0);
        if (test + validation >= 1) {
            split.addError("validation", "leaves nothing to train on", "test + validation must be below 1");
        }
        return new SplitSpec(test, validation, split.seed());
    }

    private static ImageSpec image(Fields image) {
        image.rejectUnknownFields("side", "fit", "orientation");
        return new ImageSpec(
                (int) image.integer("side", 416, s -> s >= 8 && s <= 2048 && s % 8 == 0, "a multiple of 8, 8 to 2048"),
                image.choice("fit", Fit.STRETCH),
                image.choice("orientation", Orientation.APPLY));
    }

    private static BalanceSpec balance(Fields balance) {
        balance.rejectUnknownFields("method", "strategy", "neighbours", "baseSampling", "seed");
        Method method = balance.choice("method", Method.SMOTE, Method::jsonName);
        return new BalanceSpec(
                method,
                strategy(balance, method),
                neighbours(balance),
                balance.choice("baseSampling", BaseSampling.RANDOM, BaseSampling::jsonName),
                balance.seed());
    }

    private static NeighbourChoice neighbours(Fields balance) {
        JsonNode neighbours = balance.json().get("neighbours");
        if (neighbours != null && neighbours.isTextual()) {
            if (!neighbours.textValue().equals(NeighbourChoice.ADAPTIVE)) {
                balance.addError("neighbours", "is not a number", "a whole number from 1 to 1000, or \"adaptive\"");
            }
            return new NeighbourChoice(NeighbourChoice.DEFAULT, true);
        }
        return NeighbourChoice.fixed((int) balance.count("neighbours", NeighbourChoice.DEFAULT, 1_000));
    }

    private static Strategy strategy(Fields balance, Method method) {
        JsonNode strategy = balance.json().get("strategy");
        if (strategy == null) {
            return method == Method.RANDOM_UNDER ? new Strategy.Auto() : new Strategy.AtLeast(200);
        }
        if (method == Method.RANDOM_UNDER
                && strategy.isTextual()
                && strategy.textValue().equals("not majority")) {
            // In over-sampling it is a synonym of auto; in under-sampling it would mean something else.
            balance.addError(
                    "strategy", "is not allowed for method random-under", "auto, not minority, all, ratio or counts");
        }
        String remedy = "one of none, auto, minority, not minority, not majority, all, a ratio above 0 to 1, "
                + "{\"atLeast\": n}, {\"counts\": {\"<class>\": n}}";
        Strategy read = switch (strategy.getNodeType()) {
            case STRING ->
                switch (strategy.textValue()) {
                    case "none" -> new Strategy.None();
                    case "auto", "not majority" -> new Strategy.Auto();
                    case "minority" -> new Strategy.Minority();
                    case "not minority" -> new Strategy.NotMinority();
                    case "all" -> new Strategy.All();
                    default -> null;
                };
            case NUMBER -> {
                double share = strategy.doubleValue();
                yield share > 0 && share <= 1 ? new Strategy.Ratio(share) : null;
            }
            case OBJECT -> sizes(strategy);
            default -> null;
        };
        if (read == null) {
            balance.addError("strategy", "is not a strategy", remedy);
        }
        return read;
    }

    private static Strategy sizes(JsonNode strategy) {
        JsonNode atLeast = strategy.get("atLeast");
        JsonNode counts = strategy.get("counts");
        if (strategy.size() != 1) {
            return null;
        }
        if (atLeast != null) {
            return isCount(atLeast) ? new Strategy.AtLeast(atLeast.longValue()) : null;
        }
        if (counts == null || !counts.isObject() || counts.isEmpty()) {
            return null;
        }
        Map<String, Long> byClass = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : counts.properties()) {
            if (!isCount(entry.getValue())) {
                return null;
            }
            byClass.put(entry.getKey(), entry.getValue().longValue());
        }
        return new Strategy.Counts(byClass);
    }

    private static boolean isCount(JsonNode json) {
        return json.isIntegralNumber()
                && json.canConvertToLong()
                && json.longValue() >= 0
                && json.longValue() <= 100_000_000;
    }

    private static TrainSpec classifier(Fields fields, Method method) {
        fields.rejectUnknownFields(
                "preset",
                "epochs",
                "batchSize",
                "learningRate",
                "seed",
                "dropout",
                "schedule",
                "warmupRatio",
                "weightDecay",
                "maxGradNorm",
                "labelSmoothing",
                "augmentation",
                "patience",
                "device",
                "initialWeights");
        String preset = preset(fields, "resnet", "seed-cnn");
        boolean modern = preset.equals("resnet");
        // PyTorch's smoothed loss, which this loss equals, also weights the classes over which the label is
        // spread. For images of a frequent class the rare classes would get more weight than the true class.
        TrainingOptions defaults =
                !modern ? TrainingOptions.PLAIN : method == Method.CLASS_WEIGHTS ? RESNET_WEIGHED : RESNET;
        return new TrainSpec(
                preset,
                0,
                (int) fields.count("epochs", modern ? 20 : 10, 100_000),
                (int) fields.count("batchSize", 32, 65_536),
                rate(fields, modern ? 0.002 : 0.01),
                fields.seed(),
                fields.fraction("dropout", 0.1),
                trainingOptions(fields, defaults),
                device(fields),
                initialWeights(fields));
    }

    private static TrainSpec autoencoder(Fields fields) {
        fields.rejectUnknownFields(
                "preset",
                "latent",
                "epochs",
                "batchSize",
                "learningRate",
                "seed",
                "schedule",
                "warmupRatio",
                "weightDecay",
                "maxGradNorm",
                "augmentation",
                "patience",
                "device",
                "initialWeights");
        String preset = preset(fields, "resnet-autoencoder", "seed-autoencoder");
        boolean modern = preset.equals("resnet-autoencoder");
        return new TrainSpec(
                preset,
                (int) fields.count("latent", 300, 65_536),
                (int) fields.count("epochs", modern ? 20 : 10, 100_000),
                (int) fields.count("batchSize", 32, 65_536),
                rate(fields, 0.001),
                fields.seed(),
                0,
                trainingOptions(fields, modern ? RESNET_AUTOENCODER : TrainingOptions.PLAIN),
                device(fields),
                initialWeights(fields));
    }

    private static String device(Fields fields) {
        String device = fields.text("device", TrainSpec.AUTO);
        if (!device.matches("auto|cpu|gpu:[0-9]{1,4}")) {
            fields.addError("device", "is not a device", "auto, cpu, or gpu:0 and so on");
            return TrainSpec.AUTO;
        }
        return device;
    }

    /// A string is the address of a file, an object refers to an artifact of the store.
    private static WeightsSource initialWeights(Fields fields) {
        JsonNode found = fields.json().get("initialWeights");
        if (found == null) {
            return null;
        }
        if (!found.isObject()) {
            String uri = address(fields, "initialWeights", "file");
            return uri == null ? null : new WeightsSource.File(uri);
        }
        try {
            ArtifactRef weights = EventCodec.json().treeToValue(found, ArtifactRef.class);
            String sha256 = weights.sha256();
            if (weights.uri().matches("store:[a-z]{1,20}/%.2s/%s\\.safetensors".formatted(sha256, sha256))) {
                return new WeightsSource.Stored(weights);
            }
        } catch (JsonProcessingException e) {
            // Rejected below.
        }
        fields.addError(
                "initialWeights",
                "does not refer to a safetensors file of the store",
                "{\"uri\", \"sha256\", \"bytes\"} from 'weights' of a checkpoint, or file:///path/to/file");
        return null;
    }

    private static TrainingOptions trainingOptions(Fields fields, TrainingOptions defaults) {
        return new TrainingOptions(
                fields.choice("schedule", defaults.schedule()),
                fields.fraction("warmupRatio", defaults.warmupRatio()),
                fields.number("weightDecay", defaults.weightDecay(), d -> d >= 0 && d <= 10, "a number from 0 to 10"),
                fields.number("maxGradNorm", defaults.maxGradNorm(), n -> n >= 0, "a number above 0, or 0 for none"),
                fields.fraction("labelSmoothing", defaults.labelSmoothing()),
                fields.choice("augmentation", defaults.augmentation()),
                (int) fields.integer(
                        "patience", defaults.patience(), n -> n >= 0 && n <= 100_000, "0 to 100000 epochs"));
    }

    private static ClusterSpec clusters(Fields fields) {
        fields.rejectUnknownFields("k", "seed");
        JsonNode k = fields.json().get("k");
        Integer clusters = k == null ? null : (int) fields.count("k", 1, 10_000);
        return new ClusterSpec(clusters, fields.seed());
    }

    /// @return one of the allowed presets, also if the given one is invalid
    private static String preset(Fields fields, String... allowed) {
        String preset = fields.text("preset", allowed[0]);
        if (!List.of(allowed).contains(preset)) {
            fields.addError("preset", "is not a preset", "'" + String.join("' or '", allowed) + "'");
            return allowed[0];
        }
        return preset;
    }

    private static double rate(Fields fields, double defaultValue) {
        return fields.number("learningRate", defaultValue, r -> r > 0 && r <= 10, "a number above 0, at most 10");
    }
}
