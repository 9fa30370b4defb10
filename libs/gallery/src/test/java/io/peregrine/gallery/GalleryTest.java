package io.peregrine.gallery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GalleryTest {
    @TempDir
    Path folder;

    @Test
    void everyWikiArtClassIsAStyle() {
        assertThat(Style.all())
                .extracting(Style::name)
                .containsExactlyElementsOf(Gallery.wikiArt().keySet());
        assertThat(Gallery.wikiArt().values().stream()
                        .mapToInt(Integer::intValue)
                        .sum())
                .isEqualTo(13_350);
    }

    @Test
    void classSizesAreWikiArtsTenth() throws Exception {
        int paintings = Gallery.write(folder, Gallery.Plan.demo(16));

        Map<String, Integer> wikiArt = Gallery.wikiArt();
        int found = 0;
        for (Map.Entry<String, Integer> style : wikiArt.entrySet()) {
            int train = count(folder.resolve("train").resolve(style.getKey()));
            int test = count(folder.resolve("test").resolve(style.getKey()));
            assertThat(train).as(style.getKey()).isEqualTo(Math.max(8, Math.round(style.getValue() / 10f)));
            assertThat(test).as(style.getKey()).isBetween(10, 20);
            found += train + test;
        }
        assertThat(paintings).isEqualTo(found);
        assertThat(ImageIO.read(folder.resolve("train/Cubism/0001.png").toFile())
                        .getWidth())
                .isEqualTo(16);
    }

    @Test
    void theSameSeedPaintsTheSameImagesAndNoTwoAreAlike() {
        List<Style> styles = Style.all();
        Gallery.Plan plan = new Gallery.Plan(32, 10, 7, true);
        for (int place = 0; place < styles.size(); place++) {
            int[] first = pixels(styles.get(place), place, 0, plan);
            assertThat(pixels(styles.get(place), place, 0, plan)).isEqualTo(first);
            assertThat(pixels(styles.get(place), place, 1, plan)).isNotEqualTo(first);
            assertThat(pixels(styles.get(place), place, 0, new Gallery.Plan(32, 10, 8, true)))
                    .isNotEqualTo(first);
        }
    }

    @Test
    void someFilesShowThePaintingOfAnotherClassOrSplit() throws Exception {
        Gallery.write(folder, Gallery.Plan.demo(16));

        assertThat(folder.resolve("train/Rococo/0005.png"))
                .hasSameBinaryContentAs(folder.resolve("train/Baroque/0004.png"));
        assertThat(folder.resolve("test/Northern_Renaissance/0042.png"))
                .hasSameBinaryContentAs(folder.resolve("train/Northern_Renaissance/0015.png"));
    }

    @Test
    void aRetouchedCopyDiffersSlightly() throws Exception {
        Gallery.write(folder, Gallery.Plan.demo(16));

        int[] original = read("train/Expressionism/0033.png");
        int[] copy = read("train/Fauvism/0009.png");
        assertThat(copy).isNotEqualTo(original);
        for (int pixel = 0; pixel < copy.length; pixel++) {
            assertThat(copy[pixel] >> 8 & 255).isCloseTo(original[pixel] >> 8 & 255, within(2));
        }
    }

    @Test
    void anOlderPaintingIsReplaced() throws Exception {
        Gallery.write(folder, Gallery.Plan.demo(16));
        Path file = folder.resolve("train/Cubism/0001.png");
        byte[] painting = Files.readAllBytes(file);
        Files.writeString(file, "a painting of an earlier version");

        Gallery.write(folder, Gallery.Plan.demo(16));

        assertThat(file).hasBinaryContent(painting);
    }

    private int[] read(String file) throws Exception {
        return ImageIO.read(folder.resolve(file).toFile()).getRGB(0, 0, 16, 16, null, 0, 16);
    }

    private static int[] pixels(Style style, int place, int number, Gallery.Plan plan) {
        return new Gallery.Commission(style, place, number, false, false)
                .paint(plan)
                .getRGB(0, 0, 32, 32, null, 0, 32);
    }

    private static int count(Path classFolder) throws Exception {
        try (Stream<Path> files = Files.list(classFolder)) {
            return (int) files.count();
        }
    }
}
