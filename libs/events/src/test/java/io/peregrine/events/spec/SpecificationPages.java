package io.peregrine.events.spec;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/// The table of a specification's fields in Markdown, between two comments of a page.
final class SpecificationPages {
    private static final String BEGIN = "<!-- written by SpecificationPagesTest: %s -->\n";
    private static final String END = "<!-- end -->";

    private SpecificationPages() {}

    /// @return the page with each of its tables as the code has it
    static String write(String page) {
        String written = replaced(page, "fields", fields());
        return replaced(written, "networks", networks());
    }

    private static String replaced(String page, String name, String table) {
        String begin = BEGIN.formatted(name);
        int from = page.indexOf(begin);
        if (from < 0) {
            return page;
        }
        int to = page.indexOf(END, from);
        return page.substring(0, from) + begin + "\n" + table + "\n" + page.substring(to);
    }

    private static boolean isOfANetwork(SpecField<?> field) {
        return List.of(SpecFields.CLASSIFIER, SpecFields.AUTOENCODER).stream()
                .anyMatch(network -> network.preset().group().equals(field.group()));
    }

    private static String fields() {
        StringBuilder table = new StringBuilder(
                "| field | default | allowed | option | meaning |\n" + "| --- | --- | --- | --- | --- |\n");
        for (SpecField<?> field : SpecFields.all()) {
            if (!isOfANetwork(field)) {
                table.append(
                        row(code(field.path()), omitted(field), allowed(field), option(field), field.description()));
            }
        }
        return table.toString();
    }

    private static String networks() {
        StringBuilder table =
                new StringBuilder("| field | default: classifier | autoencoder | allowed | option | meaning |\n"
                        + "| --- | --- | --- | --- | --- | --- |\n");
        Set<String> names = new LinkedHashSet<>(names(SpecFields.CLASSIFIER));
        names.addAll(names(SpecFields.AUTOENCODER));
        for (String name : names) {
            List<SpecField<?>> fields = Stream.of(SpecFields.CLASSIFIER, SpecFields.AUTOENCODER)
                    .flatMap(network -> network.all().stream())
                    .filter(field -> field.name().equals(name))
                    .collect(Collectors.toList());
            table.append(row(
                    code(name),
                    omittedIn(SpecFields.CLASSIFIER, name),
                    omittedIn(SpecFields.AUTOENCODER, name),
                    distinct(fields, SpecificationPages::allowed),
                    distinct(fields, SpecificationPages::option),
                    distinct(fields, SpecField::description)));
        }
        return table.toString();
    }

    private static List<String> names(NetworkFields network) {
        return network.all().stream().map(SpecField::name).toList();
    }

    private static String omittedIn(NetworkFields network, String name) {
        return network.all().stream()
                .filter(field -> field.name().equals(name))
                .map(SpecificationPages::omitted)
                .findFirst()
                .orElse("–");
    }

    private static String distinct(List<SpecField<?>> fields, Function<SpecField<?>, String> cell) {
        return fields.stream().map(cell).distinct().collect(Collectors.joining("; "));
    }

    private static String omitted(SpecField<?> field) {
        if (field.isRequired()) {
            return "required";
        }
        List<String> all = new ArrayList<>();
        all.add(
                field.omitted().value() == null
                        ? field.defaultText()
                        : value(field.omitted().value()));
        field.omitted().cases().forEach(one -> all.add("%s with %s".formatted(value(one.value()), value(one.equal()))));
        return String.join("; ", all);
    }

    private static String value(Object value) {
        String text = SpecField.text(value);
        return SpecField.json(value).isNumber() ? text : code(text);
    }

    private static String allowed(SpecField<?> field) {
        JsonNode choices = field.type().schema().get("enum");
        return choices == null
                ? field.type().allowed()
                : StreamSupport.stream(choices.spliterator(), false)
                        .map(one -> code(one.textValue()))
                        .collect(Collectors.joining(", "));
    }

    private static String option(SpecField<?> field) {
        return field.option() == null ? "" : code(field.option().name());
    }

    private static String code(String text) {
        return "`" + text + "`";
    }

    private static String row(String... cells) {
        return ("| " + String.join(" | ", cells) + " |\n").replace("|  |", "| |");
    }
}
