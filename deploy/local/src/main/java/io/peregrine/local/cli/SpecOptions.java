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

/// The options that define a run. Omitted options have the default of the specification.
final class SpecOptions {
    @Option(names = "--name", paramLabel = "NAME", description = "name of the dataset (default: name of the folder)")
    String name;

    @Option(
            names = "--spec",
            paramLabel = "FILE",
            description = "fields of the dataset-ready event as JSON; other options override them")
    Path spec;

    @Option(names = "--side", paramLabel = "N", description = "pixels along each side, a multiple of 8")
    Integer side;

    @Option(
            names = "--strategy",
            paramLabel = "S",
            description = "none, auto, minority, 'not minority', all, a ratio, or atLeast:N")
    String strategy;

    @Option(names = "--method", paramLabel = "M", description = "smote, random-over, random-under or class-weights")
    String method;

    @Option(names = "--neighbours", paramLabel = "K", description = "SMOTE's k, or adaptive")
    String neighbours;

    @Option(
            names = "--base-sampling",
            paramLabel = "random|even",
            description = "how bases are chosen; even: each image equally often")
    String baseSampling;

    @Option(names = "--classifier", paramLabel = "PRESET", description = "resnet or seed-cnn")
    String classifier;

    @Option(names = "--autoencoder", paramLabel = "PRESET", description = "resnet-autoencoder or seed-autoencoder")
    String autoencoder;

    @Option(names = "--epochs", paramLabel = "N", description = "epochs of both networks")
    Integer epochs;

    @Option(names = "--batch-size", paramLabel = "N", description = "batch size of both networks")
    Integer batchSize;

    @Option(names = "--latent", paramLabel = "N", description = "length of the autoencoder's latent vector")
    Integer latent;

    @Option(names = "--clusters", paramLabel = "K", description = "number of clusters (default: number of classes)")
    Integer clusters;

    @Option(names = "--test", paramLabel = "SHARE", description = "share of test images, if the folder has no splits")
    Double test;

    @Option(
            names = "--validation",
            paramLabel = "SHARE",
            description = "share of validation images, if the folder has no splits")
    Double validation;

    @Option(names = "--priority", paramLabel = "N", description = "-10 to 10; runs of higher priority are served first")
    Integer priority;

    @Option(names = "--seed", paramLabel = "N", description = "seed of all random draws")
    Long seed;

    /// @return the data of a dataset-ready event for a folder
    /// @throws RefusedException with every invalid field
    ObjectNode datasetReady(Path folder) {
        ObjectNode body = read();
        Path absolute = folder.toAbsolutePath().normalize();
        body.put(
                "dataset",
                name != null
                        ? name
                        : body.path("dataset").asText(absolute.getFileName().toString()));
        body.put("uri", absolute.toUri().toString());
        for (String object : new String[] {"split", "balance", "classifier", "autoencoder", "clusters"}) {
            put(body, object, "seed", seed);
        }
        put(body, "image", "side", side);
        put(body, "balance", "method", method);
        put(body, "balance", "baseSampling", baseSampling);
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
            throw new RefusedException("The run's specification is invalid. " + bad.getMessage());
        }
        return body;
    }

    /// @return folders that a run reads: the folder of its images and those of initial weights
    static List<Path> roots(Path folder, ObjectNode datasetReady) {
        List<Path> roots = new ArrayList<>(List.of(folder));
        for (String network : new String[] {"classifier", "autoencoder"}) {
            JsonNode weights = datasetReady.path(network).path("initialWeights");
            if (weights.isTextual()) {
                try {
                    Optional.ofNullable(Path.of(URI.create(weights.textValue())).getParent())
                            .ifPresent(roots::add);
                } catch (IllegalArgumentException | FileSystemNotFoundException e) {
                    // The run will fail with an error for this field.
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
            throw new RefusedException("%s does not contain a JSON object: %s".formatted(spec, e.getMessage()));
        }
    }

    private static void put(ObjectNode body, String object, String field, Object value) {
        if (value != null) {
            body.withObjectProperty(object).putPOJO(field, value);
            // RunSpec does not accept a POJO node as a number, so convert it to plain JSON.
            body.set(object, EventCodec.json().valueToTree(body.get(object)));
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
