package io.peregrine.gallery;

import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// A style of painting: a palette and a painter.
///
/// @param name WikiArt's class name
/// @param palette colours as 0xRRGGBB
/// @param paint composes one painting with the random generator of the canvas
record Style(String name, int[] palette, Consumer<Canvas> paint) {
    static Style of(String name, Consumer<Canvas> paint, int... palette) {
        return new Style(name, palette, paint);
    }

    /// @return the 27 styles, sorted by name
    static List<Style> all() {
        return Stream.of(OldMasters.STYLES, OpenAir.STYLES, Modern.STYLES, Abstract.STYLES)
                .flatMap(List::stream)
                .sorted(java.util.Comparator.comparing(Style::name))
                .toList();
    }
}
