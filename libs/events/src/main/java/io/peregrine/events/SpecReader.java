package io.peregrine.events;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.RunSpec.Augment;
import io.peregrine.events.RunSpec.BalanceSpec;
import io.peregrine.events.RunSpec.ClusterSpec;
import io.peregrine.events.RunSpec.Coverage;
import io.peregrine.events.RunSpec.Fit;
import io.peregrine.events.RunSpec.ImageSpec;
import io.peregrine.events.RunSpec.Init;
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

/// Reads a specification: which fields there are, what is allowed in each, and what is taken where one is left
/// out.
final class SpecReader {
    /// Every event of a run carries its dataset's name, and a run.failed all errors: both must fit into 64 KiB.
    private static final int DATASET_CHARACTERS = 200;

    private static final int PRIORITIES = 10;

    private static final int URI_CHARACTERS = 4_096;

    private static final TrainingOptions RESNET =
            new TrainingOptions(Schedule.COSINE, 0.05, 0.05, 5, 0.1, Augment.STANDARD, 0);

    private static final TrainingOptions RESNET_WEIGHED =
            new TrainingOptions(Schedule.COSINE, 0.05, 0.05, 5, 0, Augment.STANDARD, 0);

    private static final TrainingOptions RESNET_AUTOENCODER =
            new TrainingOptions(Schedule.COSINE, 0.05, 0, 0, 0, Augment.FLIP, 0);

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
        // In the order of the fields, in which errors are told.
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

    /// @param what lies there
    private static String address(Fields room, String field, String what) {
        String uri = room.string(field, URI_CHARACTERS);
        if (uri != null && !uri.startsWith("file:/")) {
            room.addError(field, "is no %s's address".formatted(what), "write file:///path/to/" + what);
        }
        return uri;
    }

    private static SplitSpec split(Fields split) {
        split.rejectUnknownFields("test", "validation", "seed");
        double test = split.fraction("test", 0.1);
        double validation = split.fraction("validation", 0);
        if (test + validation >= 1) {
            split.addError("validation", "leaves nothing to train on", "test and validation together stay below 1");
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
        balance.rejectUnknownFields("method", "strategy", "neighbours", "coverage", "seed");
        Method method = balance.choice("method", Method.SMOTE, Method::jsonName);
        return new BalanceSpec(
                method,
                strategy(balance, method),
                neighbours(balance),
                balance.choice("coverage", Coverage.RANDOM, Coverage::jsonName),
                balance.seed());
    }

    private static NeighbourChoice neighbours(Fields balance) {
        JsonNode neighbours = balance.json().get("neighbours");
        if (neighbours != null && neighbours.isTextual()) {
            if (!neighbours.textValue().equals(NeighbourChoice.ADAPTIVE)) {
                balance.addError("neighbours", "is no number", "a whole number from 1 to 1000, or \"adaptive\"");
            }
            return new NeighbourChoice(NeighbourChoice.USUAL, true);
        }
        return NeighbourChoice.fixed((int) balance.count("neighbours", NeighbourChoice.USUAL, 1_000));
    }

    private static Strategy strategy(Fields balance, Method method) {
        JsonNode strategy = balance.json().get("strategy");
        if (strategy == null) {
            return method == Method.RANDOM_UNDER ? new Strategy.Auto() : new Strategy.AtLeast(200);
        }
        if (method == Method.RANDOM_UNDER
                && strategy.isTextual()
                && strategy.textValue().equals("not majority")) {
            // Of over-sampling it is another word for auto; of under-sampling it would be another thing.
            balance.addError(
                    "strategy", "is not for the method random-under", "auto, not minority, all, a ratio or counts");
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
            balance.addError("strategy", "is no strategy", remedy);
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

    private static TrainSpec classifier(Fields room, Method method) {
        room.rejectUnknownFields(
                "preset",
                "epochs",
                "batchSize",
                "learningRate",
                "seed",
                "dropout",
                "schedule",
                "warmUp",
                "weightDecay",
                "gradientNorm",
                "labelSmoothing",
                "augment",
                "patience",
                "device",
                "init");
        String preset = preset(room, "resnet", "seed-cnn");
        boolean modern = preset.equals("resnet");
        // PyTorch's smoothed loss, which ours equals, weighs the classes over which a truth is spread as well: of
        // a frequent class's images the rare ones would get more than their own.
        TrainingOptions usual =
                !modern ? TrainingOptions.PLAIN : method == Method.CLASS_WEIGHTS ? RESNET_WEIGHED : RESNET;
        return new TrainSpec(
                preset,
                0,
                (int) room.count("epochs", modern ? 20 : 10, 100_000),
                (int) room.count("batchSize", 32, 65_536),
                rate(room, modern ? 0.002 : 0.01),
                room.seed(),
                room.fraction("dropout", 0.1),
                regimen(room, usual),
                device(room),
                init(room));
    }

    private static TrainSpec autoencoder(Fields room) {
        room.rejectUnknownFields(
                "preset",
                "latent",
                "epochs",
                "batchSize",
                "learningRate",
                "seed",
                "schedule",
                "warmUp",
                "weightDecay",
                "gradientNorm",
                "augment",
                "patience",
                "device",
                "init");
        String preset = preset(room, "resnet-autoencoder", "seed-autoencoder");
        boolean modern = preset.equals("resnet-autoencoder");
        return new TrainSpec(
                preset,
                (int) room.count("latent", 300, 65_536),
                (int) room.count("epochs", modern ? 20 : 10, 100_000),
                (int) room.count("batchSize", 32, 65_536),
                rate(room, 0.001),
                room.seed(),
                0,
                regimen(room, modern ? RESNET_AUTOENCODER : TrainingOptions.PLAIN),
                device(room),
                init(room));
    }

    private static String device(Fields room) {
        String device = room.text("device", TrainSpec.AUTO);
        if (!device.matches("auto|cpu|gpu:[0-9]{1,4}")) {
            room.addError("device", "is no device", "auto, cpu, or gpu:0 and so on");
            return TrainSpec.AUTO;
        }
        return device;
    }

    /// A text is a file's address, an object refers to the store.
    private static Init init(Fields room) {
        JsonNode found = room.json().get("init");
        if (found == null) {
            return null;
        }
        if (!found.isObject()) {
            String uri = address(room, "init", "file");
            return uri == null ? null : new Init.File(uri);
        }
        try {
            ArtifactRef weights = EventCodec.json().treeToValue(found, ArtifactRef.class);
            String sha256 = weights.sha256();
            if (weights.uri().matches("store:[a-z]{1,20}/%.2s/%s\\.safetensors".formatted(sha256, sha256))) {
                return new Init.Stored(weights);
            }
        } catch (JsonProcessingException e) {
            // Refused below.
        }
        room.addError(
                "init",
                "refers to no safetensors file of the store",
                "{\"uri\", \"sha256\", \"bytes\"} of a checkpoint's 'weights', or file:///path/to/file");
        return null;
    }

    private static TrainingOptions regimen(Fields room, TrainingOptions otherwise) {
        return new TrainingOptions(
                room.choice("schedule", otherwise.schedule()),
                room.fraction("warmUp", otherwise.warmUp()),
                room.number("weightDecay", otherwise.weightDecay(), d -> d >= 0 && d <= 10, "a number from 0 to 10"),
                room.number("gradientNorm", otherwise.gradientNorm(), n -> n >= 0, "a number above 0, or 0 for none"),
                room.fraction("labelSmoothing", otherwise.labelSmoothing()),
                room.choice("augment", otherwise.augment()),
                (int) room.integer(
                        "patience", otherwise.patience(), n -> n >= 0 && n <= 100_000, "0 to 100000 epochs"));
    }

    private static ClusterSpec clusters(Fields room) {
        room.rejectUnknownFields("k", "seed");
        JsonNode k = room.json().get("k");
        Integer clusters = k == null ? null : (int) room.count("k", 1, 10_000);
        return new ClusterSpec(clusters, room.seed());
    }

    /// @return one of those allowed, also where another was said
    private static String preset(Fields room, String... allowed) {
        String preset = room.text("preset", allowed[0]);
        if (!List.of(allowed).contains(preset)) {
            room.addError("preset", "is no preset", "'" + String.join("' or '", allowed) + "'");
            return allowed[0];
        }
        return preset;
    }

    private static double rate(Fields room, double otherwise) {
        return room.number("learningRate", otherwise, r -> r > 0 && r <= 10, "a number above 0, at most 10");
    }
}
