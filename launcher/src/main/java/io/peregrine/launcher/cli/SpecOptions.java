package io.peregrine.launcher.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.EventCodec;
import io.peregrine.events.spec.InvalidSpecException;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.events.spec.SpecField;
import io.peregrine.events.spec.SpecFields;
import io.peregrine.events.spec.SpecOption;
import io.peregrine.platform.RefusedException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/// The options that define a run. Most are those of the table [SpecFields], which [FromTable] adds to a command.
/// Omitted options have the default of the specification.
final class SpecOptions {
    @Option(names = "--name", paramLabel = "NAME", description = "name of the dataset (default: name of the folder)")
    String name;

    @Option(
            names = "--spec",
            paramLabel = "FILE",
            description = "fields of the dataset-ready event as JSON; other options override them")
    Path spec;

    /// Texts of the table's options that were given, by option.
    private final Map<String, String> given = new HashMap<>();

    /// Adds the table's options to a command with these options as a mixin.
    static final class FromTable implements IModelTransformer {
        @Override
        public CommandSpec transform(CommandSpec command) {
            SpecOptions options = command.mixins().values().stream()
                    .map(CommandSpec::userObject)
                    .filter(SpecOptions.class::isInstance)
                    .map(SpecOptions.class::cast)
                    .findFirst()
                    .orElseThrow();
            Set<String> added = new HashSet<>();
            for (SpecField<?> field : SpecFields.all()) {
                if (field.option() != null && added.add(field.option().name())) {
                    command.addOption(option(field, options));
                }
            }
            return command;
        }

        private static OptionSpec option(SpecField<?> field, SpecOptions options) {
            SpecOption option = field.option();
            return OptionSpec.builder(option.name())
                    .paramLabel(option.label())
                    .type(String.class)
                    .description(description(field).replace("`", "").replace("%", "%%"))
                    .setter(new ISetter() {
                        @Override
                        @SuppressWarnings("unchecked")
                        public <T> T set(T text) {
                            return (T) options.given.put(option.name(), (String) text);
                        }
                    })
                    .build();
        }

        /// An option of a single field also states what the field allows.
        private static String description(SpecField<?> field) {
            return field.option().description().equals(field.description())
                    ? "%s: %s (default: %s)"
                            .formatted(field.description(), field.type().allowed(), field.defaultText())
                    : field.option().description();
        }
    }

    /// Sets an option of the table, as on the command line.
    SpecOptions set(String option, Object value) {
        given.put(option, value.toString());
        return this;
    }

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
        for (SpecField<?> field : SpecFields.all()) {
            String text =
                    field.option() == null ? null : given.get(field.option().name());
            if (text != null) {
                field.set(body, text);
            }
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
}
