package io.peregrine.local.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.EventCodec;
import io.peregrine.events.InvalidSpecException;
import io.peregrine.events.RunSpec;
import io.peregrine.local.RefusedException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import picocli.CommandLine.Option;

/// The options that say what a run is to do. What is left out takes the default of the specification.
final class SpecOptions {
    @Option(names = "--name", paramLabel = "NAME", description = "the dataset's name; the folder's otherwise")
    String name;

    @Option(names = "--spec", paramLabel = "FILE", description = "a dataset-ready's fields as JSON; other options win")
    Path spec;

    @Option(names = "--side", paramLabel = "N", description = "pixels along each side, a multiple of 8")
    Integer side;

    @Option(
            names = "--strategy",
            paramLabel = "S",
            description = "none, auto, minority, 'not minority', all, a ratio, or atLeast:N")
    String strategy;

    @Option(names = "--method", paramLabel = "M", description = "smote, random-over, random-under, or class-weights")
    String method;

    @Option(names = "--neighbours", paramLabel = "K", description = "SMOTE's k, or adaptive")
    String neighbours;

    @Option(names = "--coverage", paramLabel = "random|even", description = "even: each image is a base equally often")
    String coverage;

    @Option(names = "--classifier", paramLabel = "PRESET", description = "resnet or seed-cnn")
    String classifier;

    @Option(names = "--autoencoder", paramLabel = "PRESET", description = "resnet-autoencoder or seed-autoencoder")
    String autoencoder;

    @Option(names = "--epochs", paramLabel = "N", description = "of both networks")
    Integer epochs;

    @Option(names = "--batch-size", paramLabel = "N", description = "of both networks")
    Integer batchSize;

    @Option(names = "--latent", paramLabel = "N", description = "length of the autoencoder's code")
    Integer latent;

    @Option(names = "--clusters", paramLabel = "K", description = "number of clusters; as many as classes otherwise")
    Integer clusters;

    @Option(
            names = "--test",
            paramLabel = "SHARE",
            description = "share cut off to test, where the folder has no splits")
    Double test;

    @Option(names = "--validation", paramLabel = "SHARE", description = "share cut off to validate")
    Double validation;

    @Option(names = "--priority", paramLabel = "N", description = "-10 to 10: runs of a higher one are served first")
    Integer priority;

    @Option(names = "--seed", paramLabel = "N", description = "of every draw")
    Long seed;

    /// @return the data of a dataset-ready for a folder
    /// @throws Refusal with each field that cannot stand
    ObjectNode datasetReady(Path folder) {
        ObjectNode body = read();
        Path absolute = folder.toAbsolutePath().normalize();
        body.put(
                "dataset",
                name != null
                        ? name
                        : body.path("dataset").asText(absolute.getFileName().toString()));
        body.put("uri", absolute.toUri().toString());
        for (String room : new String[] {"split", "balance", "classifier", "autoencoder", "clusters"}) {
            put(body, room, "seed", seed);
        }
        put(body, "image", "side", side);
        put(body, "balance", "method", method);
        put(body, "balance", "coverage", coverage);
        put(body, "balance", "neighbours", numberOrWord(neighbours));
        for (String network : new String[] {"classifier", "autoencoder"}) {
            put(body, network, "epochs", epochs);
            put(body, network, "batchSize", batchSize);
        }
        put(body, "classifier", "preset", classifier);
        put(body, "autoencoder", "preset", autoencoder);
        put(body, "autoencoder", "latent", latent);
        put(body, "clusters", "k", clusters);
        put(body, "split", "test", test);
        put(body, "split", "validation", validation);
        if (priority != null) {
            body.put("priority", priority);
        }
        if (strategy != null) {
            body.withObjectProperty("balance").set("strategy", strategy());
        }
        try {
            RunSpec.parse(body);
        } catch (InvalidSpecException bad) {
            throw new RefusedException("The run's specification cannot stand. " + bad.getMessage());
        }
        return body;
    }

    /// @return folders that a run reads from: that of its images, and those of the weights that it begins with
    static List<Path> roots(Path folder, ObjectNode datasetReady) {
        List<Path> roots = new ArrayList<>(List.of(folder));
        for (String network : new String[] {"classifier", "autoencoder"}) {
            JsonNode init = datasetReady.path(network).path("init");
            if (init.isTextual()) {
                try {
                    Optional.ofNullable(Path.of(URI.create(init.textValue())).getParent())
                            .ifPresent(roots::add);
                } catch (IllegalArgumentException | FileSystemNotFoundException e) {
                    // The run will fail of it by name.
                }
            }
        }
        return roots;
    }

    private ObjectNode read() {
        if (spec == null) {
            return EventCodec.json().createObjectNode();
        }
        try {
            return (ObjectNode) EventCodec.json().readTree(Files.readAllBytes(spec));
        } catch (IOException | ClassCastException e) {
            throw new RefusedException("%s is no JSON object: %s".formatted(spec, e.getMessage()));
        }
    }

    private static void put(ObjectNode body, String room, String field, Object value) {
        if (value != null) {
            body.withObjectProperty(room).putPOJO(field, value);
            // A POJO node is no number to a reader; read it back as the JSON that it is.
            body.set(room, EventCodec.json().valueToTree(body.get(room)));
        }
    }

    private static Object numberOrWord(String text) {
        return text != null && text.matches("\\d{1,9}") ? (Object) Integer.valueOf(text) : text;
    }

    private JsonNode strategy() {
        if (strategy.matches("(?i)atLeast:\\d+")) {
            Map<String, Long> atLeast = new TreeMap<>();
            atLeast.put("atLeast", Long.parseLong(strategy.substring(strategy.indexOf(':') + 1)));
            return EventCodec.json().valueToTree(atLeast);
        }
        if (strategy.matches("[0-9.]+")) {
            return EventCodec.json().valueToTree(Double.parseDouble(strategy));
        }
        return EventCodec.json().valueToTree(strategy);
    }
}
