package io.peregrine.ingest.dataset;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Names of columns that were probably meant for another one: `Label`, `labels` or `class` for `label`.
enum ColumnNames {
    FILE("file_name", "filename", "filenames", "file", "image", "imagename", "imagefile", "path", "filepath"),
    LABEL("label", "labels", "labelname", "class", "classes", "classname", "classlabel", "category", "target");

    private final String wanted;
    private final Set<String> similar;

    ColumnNames(String wanted, String... similar) {
        this.wanted = wanted;
        this.similar = Set.of(similar);
    }

    /// @return the first name that could mean this column
    Optional<String> nearest(Collection<String> names) {
        return names.stream().filter(this::isNear).findFirst();
    }

    /// @return such as `; did you mean 'Label'?`, or nothing if no name could mean this column
    String suggestion(Collection<String> names) {
        return nearest(names).map(name -> "; did you mean '" + name + "'?").orElse("");
    }

    private boolean isNear(String name) {
        String folded = folded(name);
        return folded.equals(folded(wanted)) || similar.contains(folded) || differInOne(folded, folded(wanted));
    }

    /// @return the name in lower case, without blanks, `_` and `-`
    static String folded(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[\\s\\p{Z}\\p{Cf}_-]", "");
    }

    /// @return whether one letter was added, left out or changed, or two adjacent letters changed their places
    private static boolean differInOne(String a, String b) {
        int same = 0;
        while (same < Math.min(a.length(), b.length()) && a.charAt(same) == b.charAt(same)) {
            same++;
        }
        String restA = a.substring(same);
        String restB = b.substring(same);
        boolean swapped = restA.length() > 1
                && restB.length() > 1
                && restA.charAt(0) == restB.charAt(1)
                && restA.charAt(1) == restB.charAt(0)
                && restA.substring(2).equals(restB.substring(2));
        return swapped || after(restA).equals(after(restB)) || after(restA).equals(restB) || restA.equals(after(restB));
    }

    private static String after(String text) {
        return text.isEmpty() ? text : text.substring(1);
    }

    /// @param names in the order of preference, folded
    /// @return the first of the columns that has one of these names
    static Optional<String> find(List<String> columns, List<String> names) {
        return names.stream()
                .flatMap(
                        name -> columns.stream().filter(column -> folded(column).equals(name)))
                .findFirst();
    }
}
