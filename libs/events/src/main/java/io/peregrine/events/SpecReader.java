package io.peregrine.events;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.RunSpec.Augment;
import io.peregrine.events.RunSpec.BalanceSpec;
import io.peregrine.events.RunSpec.ClusterSpec;
import io.peregrine.events.RunSpec.Coverage;
import io.peregrine.events.RunSpec.Fit;
import io.peregrine.events.RunSpec.ImageSpec;
import io.peregrine.events.RunSpec.Method;
import io.peregrine.events.RunSpec.NeighbourChoice;
import io.peregrine.events.RunSpec.Orientation;
import io.peregrine.events.RunSpec.Regimen;
import io.peregrine.events.RunSpec.Schedule;
import io.peregrine.events.RunSpec.SplitSpec;
import io.peregrine.events.RunSpec.Strategy;
import io.peregrine.events.RunSpec.TrainSpec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoublePredicate;
import java.util.function.Function;
import java.util.function.LongPredicate;

/// Reads a specification field by field and keeps going, so that a user sees all that is wrong at once.
final class SpecReader {
    private static final long GREATEST_SEED = 0xffff_ffffL;
    /// Every event of a run carries its dataset's name, and a run.failed all errors: both must fit into 64 KiB.
    private static final int DATASET_CHARACTERS = 200;

    private static final int URI_CHARACTERS = 4_096;
    private static final int ERRORS = 20;
    private static final int SHOWN_CHARACTERS = 200;

    private static final Regimen RESNET = new Regimen(Schedule.COSINE, 0.05, 0.05, 5, 0.1, Augment.STANDARD, 0);

    private static final String[] AUTOENCODER = {
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
        "patience"
    };
    private static final String[] CLASSIFIER = {
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
        "patience"
    };

    private final List<FieldError> errors = new ArrayList<>();

    private SpecReader() {}

    static RunSpec read(ObjectNode body) throws BadSpec {
        SpecReader reader = new SpecReader();
        RunSpec spec = reader.spec(new Room("", body));
        if (!reader.errors.isEmpty()) {
            throw new BadSpec(reader.errors);
        }
        return spec;
    }

    /// One object of the specification, and where it stands.
    private record Room(String pointer, JsonNode json) {}

    private RunSpec spec(Room body) {
        onlyKnown(body, "dataset", "uri", "split", "image", "balance", "classifier", "autoencoder", "clusters");
        return new RunSpec(
                bounded(body, "dataset", DATASET_CHARACTERS),
                uri(body),
                split(room(body, "split")),
                image(room(body, "image")),
                balance(room(body, "balance")),
                classifier(room(body, "classifier")),
                autoencoder(room(body, "autoencoder")),
                clusters(room(body, "clusters")));
    }

    private String uri(Room body) {
        String uri = bounded(body, "uri", URI_CHARACTERS);
        if (uri != null && !uri.startsWith("file:/")) {
            refuse(body, "uri", "is no folder's address", "write file:///path/to/folder");
        }
        return uri;
    }

    private SplitSpec split(Room split) {
        onlyKnown(split, "test", "validation", "seed");
        double test = share(split, "test", 0.1);
        double validation = share(split, "validation", 0);
        if (test + validation >= 1) {
            refuse(split, "validation", "leaves nothing to train on", "test and validation together stay below 1");
        }
        return new SplitSpec(test, validation, seed(split));
    }

    private ImageSpec image(Room image) {
        onlyKnown(image, "side", "fit", "orientation");
        return new ImageSpec(
                (int) whole(image, "side", 416, s -> s >= 8 && s <= 2048 && s % 8 == 0, "a multiple of 8, 8 to 2048"),
                choice(image, "fit", Fit.STRETCH),
                choice(image, "orientation", Orientation.APPLY));
    }

    private BalanceSpec balance(Room balance) {
        onlyKnown(balance, "method", "strategy", "neighbours", "coverage", "seed");
        Method method = choice(balance, "method", Method.SMOTE, Method::wire);
        return new BalanceSpec(
                method,
                strategy(balance, method),
                neighbours(balance),
                choice(balance, "coverage", Coverage.RANDOM, Coverage::wire),
                seed(balance));
    }

    private NeighbourChoice neighbours(Room balance) {
        JsonNode neighbours = balance.json().get("neighbours");
        if (neighbours != null && neighbours.isTextual()) {
            if (!neighbours.textValue().equals(NeighbourChoice.ADAPTIVE)) {
                refuse(balance, "neighbours", "is no number", "a whole number from 1 to 1000, or \"adaptive\"");
            }
            return new NeighbourChoice(NeighbourChoice.USUAL, true);
        }
        return NeighbourChoice.fixed((int) count(balance, "neighbours", NeighbourChoice.USUAL, 1_000));
    }

    private Strategy strategy(Room balance, Method method) {
        JsonNode strategy = balance.json().get("strategy");
        if (strategy == null) {
            return method == Method.RANDOM_UNDER ? new Strategy.Auto() : new Strategy.AtLeast(200);
        }
        if (method == Method.RANDOM_UNDER
                && strategy.isTextual()
                && strategy.textValue().equals("not majority")) {
            // Of over-sampling it is another word for auto; of under-sampling it would be another thing.
            refuse(
                    balance,
                    "strategy",
                    "is not for the method random-under",
                    "auto, not minority, all, a ratio or counts");
        }
        String cure = "one of none, auto, minority, not minority, not majority, all, a ratio above 0 to 1, "
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
            refuse(balance, "strategy", "is no strategy", cure);
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

    private TrainSpec classifier(Room room) {
        onlyKnown(room, CLASSIFIER);
        String preset = preset(room, "seed-cnn", "resnet");
        boolean modern = preset.equals("resnet");
        return new TrainSpec(
                preset,
                0,
                (int) count(room, "epochs", modern ? 30 : 10, 100_000),
                (int) count(room, "batchSize", 32, 65_536),
                rate(room, modern ? 0.002 : 0.01),
                seed(room),
                share(room, "dropout", 0.1),
                regimen(room, modern ? RESNET : Regimen.PLAIN));
    }

    private TrainSpec autoencoder(Room room) {
        onlyKnown(room, AUTOENCODER);
        return new TrainSpec(
                preset(room, "seed-autoencoder"),
                (int) count(room, "latent", 300, 65_536),
                (int) count(room, "epochs", 10, 100_000),
                (int) count(room, "batchSize", 32, 65_536),
                rate(room, 0.001),
                seed(room),
                0,
                regimen(room, Regimen.PLAIN));
    }

    private Regimen regimen(Room room, Regimen otherwise) {
        return new Regimen(
                choice(room, "schedule", otherwise.schedule()),
                share(room, "warmUp", otherwise.warmUp()),
                real(room, "weightDecay", otherwise.weightDecay(), d -> d >= 0 && d <= 10, "a number from 0 to 10"),
                real(room, "gradientNorm", otherwise.gradientNorm(), n -> n >= 0, "a number above 0, or 0 for none"),
                share(room, "labelSmoothing", otherwise.labelSmoothing()),
                choice(room, "augment", otherwise.augment()),
                (int) whole(room, "patience", otherwise.patience(), n -> n >= 0 && n <= 100_000, "0 to 100000 epochs"));
    }

    private ClusterSpec clusters(Room room) {
        onlyKnown(room, "k", "seed");
        JsonNode k = room.json().get("k");
        Integer clusters = k == null ? null : (int) count(room, "k", 1, 1_000_000);
        return new ClusterSpec(clusters, seed(room));
    }

    /// @return one of those allowed, also where another was said
    private String preset(Room room, String... allowed) {
        String preset = text(room, "preset", allowed[0]);
        if (!List.of(allowed).contains(preset)) {
            refuse(room, "preset", "is no preset", "'" + String.join("' or '", allowed) + "'");
            return allowed[0];
        }
        return preset;
    }

    private double share(Room room, String field, double otherwise) {
        return real(room, field, otherwise, s -> s >= 0 && s < 1, "a share from 0 to below 1");
    }

    private double rate(Room room, double otherwise) {
        return real(room, "learningRate", otherwise, r -> r > 0 && r <= 10, "a number above 0, at most 10");
    }

    private long seed(Room room) {
        return whole(room, "seed", 42, s -> s >= 0 && s <= GREATEST_SEED, "a whole number from 0 to " + GREATEST_SEED);
    }

    private long count(Room room, String field, long otherwise, long most) {
        return whole(room, field, otherwise, n -> n >= 1 && n <= most, "a whole number from 1 to " + most);
    }

    private long whole(Room room, String field, long otherwise, LongPredicate allowed, String cure) {
        JsonNode json = room.json().get(field);
        if (json == null) {
            return otherwise;
        }
        boolean isWhole = json.isNumber() && json.canConvertToExactIntegral() && json.canConvertToLong();
        if (!isWhole || !allowed.test(json.longValue())) {
            refuse(room, field, isWhole ? "is out of range" : "is no whole number", cure);
            return otherwise;
        }
        return json.longValue();
    }

    private double real(Room room, String field, double otherwise, DoublePredicate allowed, String cure) {
        JsonNode json = room.json().get(field);
        if (json == null) {
            return otherwise;
        }
        if (!json.isNumber() || !allowed.test(json.doubleValue())) {
            refuse(room, field, json.isNumber() ? "is out of range" : "is no number", cure);
            return otherwise;
        }
        return json.doubleValue();
    }

    private String bounded(Room room, String field, int characters) {
        String text = text(room, field, null);
        if (text != null && text.length() > characters) {
            refuse(room, field, "is too long", "at most %,d characters".formatted(characters));
        }
        return text;
    }

    private String text(Room room, String field, String otherwise) {
        JsonNode json = room.json().get(field);
        if (json == null && otherwise != null) {
            return otherwise;
        }
        if (json == null || !json.isTextual() || json.textValue().isBlank()) {
            refuse(room, field, json == null ? "is missing" : "is no text", "say a text that is not blank");
            return otherwise;
        }
        return json.textValue();
    }

    private <E extends Enum<E>> E choice(Room room, String field, E otherwise) {
        return choice(room, field, otherwise, constant -> constant.name().toLowerCase(Locale.ROOT));
    }

    private <E extends Enum<E>> E choice(Room room, String field, E otherwise, Function<E, String> wires) {
        JsonNode json = room.json().get(field);
        if (json == null) {
            return otherwise;
        }
        List<String> allowed = new ArrayList<>();
        for (E constant : otherwise.getDeclaringClass().getEnumConstants()) {
            String wire = wires.apply(constant);
            if (json.isTextual() && json.textValue().equals(wire)) {
                return constant;
            }
            allowed.add(wire);
        }
        refuse(room, field, "is no choice", "one of " + String.join(", ", allowed));
        return otherwise;
    }

    private Room room(Room parent, String field) {
        JsonNode json = parent.json().get(field);
        if (json != null && !json.isObject()) {
            refuse(parent, field, "is no object", "write it as {…}, or leave it out for the defaults");
        }
        return new Room(
                parent.pointer() + "/" + field,
                json instanceof ObjectNode ? json : EventCodec.json().createObjectNode());
    }

    private void onlyKnown(Room room, String... known) {
        for (Map.Entry<String, JsonNode> entry : room.json().properties()) {
            String name = entry.getKey();
            if (!List.of(known).contains(name)) {
                String nearest = List.of(known).stream()
                        .min(Comparator.comparingInt(k -> distance(k, name)))
                        .orElseThrow();
                refuse(
                        room,
                        name,
                        "is no field of a dataset-ready",
                        "did you mean '%s'? Known here: %s".formatted(nearest, String.join(", ", known)));
            }
        }
    }

    private void refuse(Room room, String field, String problem, String cure) {
        if (errors.size() == ERRORS) {
            return;
        }
        JsonNode found = room.json().get(field);
        String shown = found == null ? "nothing" : found.toString();
        String pointer = room.pointer() + "/" + field.replace("~", "~0").replace("/", "~1");
        errors.add(new FieldError(shortened(pointer), shortened(shown), problem, cure));
    }

    private static String shortened(String text) {
        if (text.length() <= SHOWN_CHARACTERS) {
            return text;
        }
        // Not between the two halves of a character.
        boolean halved = Character.isHighSurrogate(text.charAt(SHOWN_CHARACTERS - 1));
        return text.substring(0, halved ? SHOWN_CHARACTERS - 1 : SHOWN_CHARACTERS) + "…";
    }

    /// Levenshtein's edit distance, letters compared without case.
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                boolean same = Character.toLowerCase(a.charAt(i - 1)) == Character.toLowerCase(b.charAt(j - 1));
                int change = diagonal + (same ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
