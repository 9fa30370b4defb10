package io.peregrine.gallery;

import io.peregrine.random.Mt19937;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Which styles borrow motifs and colours from which, so that classes overlap as those of real paintings do.
///
/// Most small styles share with a large one. A classifier that was trained on the imbalanced images mistakes
/// their paintings for those of the large style.
final class Influences {
    /// Probability that a painting has the motif of a related style.
    private static final double BORROWED_MOTIFS = 0.17;
    /// Largest share of a related style's palette in a painting's palette.
    private static final double BORROWED_COLOURS = 0.5;

    private static final Map<String, List<String>> RELATED = Map.ofEntries(
            Map.entry("Abstract_Expressionism", List.of("Action_painting", "Color_Field_Painting")),
            Map.entry("Action_painting", List.of("Abstract_Expressionism")),
            Map.entry("Analytical_Cubism", List.of("Cubism")),
            Map.entry("Art_Nouveau_Modern", List.of("Symbolism", "Ukiyo_e")),
            Map.entry("Baroque", List.of("Rococo", "Northern_Renaissance")),
            Map.entry("Color_Field_Painting", List.of("Minimalism", "Abstract_Expressionism")),
            Map.entry("Contemporary_Realism", List.of("Realism", "New_Realism")),
            Map.entry("Cubism", List.of("Analytical_Cubism", "Synthetic_Cubism")),
            Map.entry("Early_Renaissance", List.of("High_Renaissance", "Northern_Renaissance")),
            Map.entry("Expressionism", List.of("Fauvism", "Naive_Art_Primitivism")),
            Map.entry("Fauvism", List.of("Expressionism", "Post_Impressionism")),
            Map.entry("High_Renaissance", List.of("Early_Renaissance", "Mannerism_Late_Renaissance")),
            Map.entry("Impressionism", List.of("Pointillism", "Post_Impressionism", "Realism")),
            Map.entry("Mannerism_Late_Renaissance", List.of("High_Renaissance", "Baroque")),
            Map.entry("Minimalism", List.of("Color_Field_Painting")),
            Map.entry("Naive_Art_Primitivism", List.of("Pop_Art", "Expressionism")),
            Map.entry("New_Realism", List.of("Realism", "Pop_Art")),
            Map.entry("Northern_Renaissance", List.of("Early_Renaissance", "Baroque")),
            Map.entry("Pointillism", List.of("Impressionism", "Post_Impressionism")),
            Map.entry("Pop_Art", List.of("Naive_Art_Primitivism", "New_Realism")),
            Map.entry("Post_Impressionism", List.of("Impressionism", "Pointillism", "Fauvism")),
            Map.entry("Realism", List.of("Contemporary_Realism", "New_Realism", "Romanticism")),
            Map.entry("Rococo", List.of("Baroque")),
            Map.entry("Romanticism", List.of("Realism", "Symbolism")),
            Map.entry("Symbolism", List.of("Romanticism", "Art_Nouveau_Modern")),
            Map.entry("Synthetic_Cubism", List.of("Cubism")),
            Map.entry("Ukiyo_e", List.of("Art_Nouveau_Modern")));

    private static final Map<String, Style> STYLES =
            Style.all().stream().collect(Collectors.toUnmodifiableMap(Style::name, Function.identity()));

    private Influences() {}

    /// @return one of the styles that are related to a style
    static Style relatedTo(Style style, Mt19937 random) {
        List<String> related = RELATED.get(style.name());
        return STYLES.get(related.get((int) random.below(related.size())));
    }

    /// @return a style with the name of the given one, for one painting: with a share of a related style's
    ///     colours, and sometimes its motif
    static Style influenced(Style style, Mt19937 random) {
        Style related = relatedTo(style, random);
        double share = BORROWED_COLOURS * random.uniform();
        int[] palette = new int[style.palette().length];
        for (int i = 0; i < palette.length; i++) {
            palette[i] = mixed(style.palette()[i], related.palette()[i], share);
        }
        boolean borrows = random.uniform() < BORROWED_MOTIFS;
        return new Style(style.name(), palette, borrows ? related.paint() : style.paint());
    }

    private static int mixed(int own, int other, double share) {
        int mixed = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            int from = own >> shift & 255;
            int to = other >> shift & 255;
            mixed |= (int) Math.round(from + share * (to - from)) << shift;
        }
        return mixed;
    }
}
