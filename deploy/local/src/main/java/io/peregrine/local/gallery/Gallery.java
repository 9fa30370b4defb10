package io.peregrine.local.gallery;

import com.fasterxml.jackson.core.type.TypeReference;
import io.peregrine.events.EventCodec;
import io.peregrine.random.Mt19937;
import java.awt.image.BufferedImage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/// A folder of procedural paintings in 27 styles, as imbalanced as WikiArt. The paintings are PNG files; the same
/// seed produces the same images.
///
/// Written as `{train,test}/<Style>/<number>.png`.
public final class Gallery {
    private Gallery() {}

    /// Parameters of a gallery.
    ///
    /// @param side side length of each square painting, in pixels
    /// @param divisor a style has max(8, round(WikiArt's count / divisor)) training images, and a ninth as many
    ///     test images, from 3 to 20
    /// @param seed seed of all random draws
    public record Plan(int side, double divisor, long seed) {
        /// The gallery of `./peregrine demo`.
        public static Plan demo(int side) {
            return new Plan(side, 10, 42);
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

    /// Writes the gallery. Existing files are kept, because their content would be the same.
    ///
    /// @return number of paintings
    public static int write(Path folder, Plan plan) {
        Map<String, Integer> train = new LinkedHashMap<>();
        wikiArt().forEach((style, count) -> train.put(style, train(count, plan)));
        return write(folder, plan, train, true);
    }

    /// @param sizes training images by style; a missing style has none
    /// @param tested whether each style also has test images
    /// @return number of paintings
    private static int write(Path folder, Plan plan, Map<String, Integer> sizes, boolean tested) {
        List<Style> styles = Style.all();
        record Commission(Style style, int place, int number, Path file) {}
        List<Commission> commissions = new ArrayList<>();
        for (int place = 0; place < styles.size(); place++) {
            Style style = styles.get(place);
            int train = sizes.getOrDefault(style.name(), 0);
            int test = tested ? Math.clamp(Math.round(train / 9.0), 3, 20) : 0;
            for (int number = 0; number < train + test; number++) {
                Path file = folder.resolve(number < train ? "train" : "test")
                        .resolve(style.name())
                        .resolve("%04d.png".formatted(number + 1));
                commissions.add(new Commission(style, place, number, file));
            }
        }
        IntStream.range(0, commissions.size()).parallel().forEach(i -> {
            Commission order = commissions.get(i);
            if (!Files.exists(order.file())) {
                write(order.file(), paint(order.style(), order.place(), order.number(), plan));
            }
        });
        return commissions.size();
    }

    static int train(int wikiArt, Plan plan) {
        return (int) Math.max(8, Math.round(wikiArt / plan.divisor()));
    }

    static BufferedImage paint(Style style, int place, int number, Plan plan) {
        long seed = (plan.seed() * 1_000_003 + place * 100_003L + number) & 0xffff_ffffL;
        Canvas canvas = new Canvas(plan.side(), style.palette(), new Mt19937(seed));
        style.paint().accept(canvas);
        return canvas.finished();
    }

    private static void write(Path file, BufferedImage painting) {
        try {
            Files.createDirectories(file.getParent());
            Path part = Files.createTempFile(file.getParent(), ".", ".part");
            ImageIO.write(painting, "png", part.toFile());
            Files.move(part, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the painting " + file, e);
        }
    }

    /// Paints galleries for measurements: `Gallery FOLDER SIDE DIVISOR [{"style": count, …}]`; with counts there
    /// are only training images.
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        Plan plan = new Plan(Integer.parseInt(arguments[1]), Double.parseDouble(arguments[2]), 42);
        int paintings = arguments.length == 3
                ? write(folder, plan)
                : write(
                        folder,
                        plan,
                        EventCodec.json().readValue(arguments[3], new TypeReference<Map<String, Integer>>() {}),
                        false);
        System.out.println(paintings);
    }
}
