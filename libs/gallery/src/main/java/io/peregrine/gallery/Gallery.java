package io.peregrine.gallery;

import io.peregrine.random.Mt19937;
import java.awt.image.BufferedImage;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import javax.imageio.ImageIO;

/// A folder of procedural paintings in 27 styles, as imbalanced as WikiArt. Styles overlap: see [Influences]. The
/// paintings are PNG files; the same seed produces the same images.
///
/// Written as `{train,test}/<Style>/<number>.png`.
public final class Gallery {
    private Gallery() {}

    /// Parameters of a gallery.
    ///
    /// @param side side length of each square painting, in pixels
    /// @param divisor a style has max(8, round(WikiArt's count / divisor)) training images, and a ninth as many
    ///     test images, from 10 to 20
    /// @param seed seed of all random draws
    /// @param hasErrors whether some paintings are filed under the wrong style or twice, see [FilingErrors]
    public record Plan(int side, double divisor, long seed, boolean hasErrors) {
        /// The gallery of `./peregrine demo`.
        public static Plan demo(int side) {
            return new Plan(side, 10, 42, true);
        }
    }

    /// @return WikiArt's number of training images by class, as the report counted them
    public static SequencedMap<String, Integer> wikiArt() {
        SequencedMap<String, Integer> counts = new LinkedHashMap<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Gallery.class.getResourceAsStream("/gallery/wikiart-classes.csv"), StandardCharsets.UTF_8))) {
            lines.lines()
                    .skip(1)
                    .map(line -> line.split(","))
                    .forEach(row -> counts.put(row[0], Integer.parseInt(row[1])));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return counts;
    }

    /// Writes the gallery. Files that have the same content already are not rewritten.
    ///
    /// @return number of paintings
    public static int write(Path folder, Plan plan) {
        Map<String, Integer> train = new LinkedHashMap<>();
        trainingImages(plan).forEach((style, count) -> train.put(style, count.intValue()));
        return write(folder, plan, train, true);
    }

    /// Writes training images only. Files that have the same content already are not rewritten.
    ///
    /// @param sizes training images by style; a missing style has none
    /// @return number of paintings
    /// @throws IllegalArgumentException if a name is not a style
    public static int writeTraining(Path folder, Plan plan, Map<String, Integer> sizes) {
        for (String name : sizes.keySet()) {
            if (!wikiArt().containsKey(name)) {
                throw new IllegalArgumentException("'%s' is not a style. Allowed: %s."
                        .formatted(name, String.join(", ", wikiArt().keySet())));
            }
        }
        return write(folder, plan, sizes, false);
    }

    /// @return number of training images by style
    public static SequencedMap<String, Long> trainingImages(Plan plan) {
        SequencedMap<String, Long> train = new LinkedHashMap<>();
        wikiArt().forEach((style, count) -> train.put(style, (long) train(count, plan)));
        return train;
    }

    /// @param sizes training images by style; a missing style has none
    /// @param tested whether each style also has test images
    /// @return number of paintings
    private static int write(Path folder, Plan plan, Map<String, Integer> sizes, boolean tested) {
        SequencedMap<String, Commission> commissions = new LinkedHashMap<>();
        List<Style> styles = Style.all();
        for (int place = 0; place < styles.size(); place++) {
            Style style = styles.get(place);
            int train = sizes.getOrDefault(style.name(), 0);
            int test = tested ? Math.clamp(Math.round(train / 9.0), 10, 20) : 0;
            for (int number = 0; number < train + test; number++) {
                boolean trains = number < train;
                String file = "%s/%s/%04d".formatted(trains ? "train" : "test", style.name(), number + 1);
                boolean isMisfiled = plan.hasErrors() && trains && FilingErrors.isMisfiled(number);
                commissions.put(file, new Commission(style, place, number, isMisfiled, false));
            }
        }
        List.copyOf(commissions.keySet()).parallelStream()
                .forEach(file -> write(
                        folder.resolve(file + ".png"),
                        commissioned(commissions, file, plan).paint(plan)));
        return commissions.size();
    }

    private static Commission commissioned(Map<String, Commission> commissions, String file, Plan plan) {
        return FilingErrors.copyIn(file)
                .filter(copy -> plan.hasErrors() && commissions.containsKey(copy.original()))
                .map(copy -> commissions.get(copy.original()).copied(copy.isRetouched()))
                .orElse(commissions.get(file));
    }

    static int train(int wikiArt, Plan plan) {
        return (int) Math.max(8, Math.round(wikiArt / plan.divisor()));
    }

    /// One painting of a style.
    ///
    /// @param place of the style in the order of their names
    /// @param number of the painting in its style, from 0
    /// @param isMisfiled whether it is of a related style instead
    /// @param isRetouched whether it gets some more noise
    record Commission(Style style, int place, int number, boolean isMisfiled, boolean isRetouched) {
        Commission copied(boolean retouched) {
            return new Commission(style, place, number, isMisfiled, retouched);
        }

        BufferedImage paint(Plan plan) {
            long seed = (plan.seed() * 1_000_003 + place * 100_003L + number) & 0xffff_ffffL;
            Mt19937 random = new Mt19937(seed);
            Style painted = isMisfiled ? Influences.relatedTo(style, random) : Influences.influenced(style, random);
            Canvas canvas = new Canvas(plan.side(), painted.palette(), random);
            painted.paint().accept(canvas);
            canvas.age();
            if (isRetouched) {
                canvas.grain(2);
            }
            return canvas.finished();
        }
    }

    private static void write(Path file, BufferedImage painting) {
        try {
            ByteArrayOutputStream png = new ByteArrayOutputStream();
            ImageIO.write(painting, "png", png);
            if (Files.exists(file) && Arrays.equals(Files.readAllBytes(file), png.toByteArray())) {
                return;
            }
            Files.createDirectories(file.getParent());
            Path part = Files.createTempFile(file.getParent(), ".", ".part");
            Files.write(part, png.toByteArray());
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the painting " + file, e);
        }
    }
}
