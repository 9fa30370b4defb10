package io.peregrine.local.gallery;

import static org.assertj.core.api.Assertions.assertThat;

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
            assertThat(test).as(style.getKey()).isBetween(3, 20);
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
        Gallery.Plan plan = new Gallery.Plan(32, 10, 7);
        for (int place = 0; place < styles.size(); place++) {
            int[] first = pixels(styles.get(place), place, 0, plan);
            assertThat(pixels(styles.get(place), place, 0, plan)).isEqualTo(first);
            assertThat(pixels(styles.get(place), place, 1, plan)).isNotEqualTo(first);
            assertThat(pixels(styles.get(place), place, 0, new Gallery.Plan(32, 10, 8)))
                    .isNotEqualTo(first);
        }
    }

    private static int[] pixels(Style style, int place, int number, Gallery.Plan plan) {
        return Gallery.paint(style, place, number, plan).getRGB(0, 0, 32, 32, null, 0, 32);
    }

    private static int count(Path classFolder) throws Exception {
        try (Stream<Path> files = Files.list(classFolder)) {
            return (int) files.count();
        }
    }
}
