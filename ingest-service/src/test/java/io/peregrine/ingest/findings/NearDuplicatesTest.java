package io.peregrine.ingest.findings;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.spec.RunSpec.Fit;
import io.peregrine.events.spec.RunSpec.ImageSpec;
import io.peregrine.events.spec.RunSpec.Orientation;
import io.peregrine.ingest.findings.NearDuplicates.Pair;
import io.peregrine.ingest.format.ImageDecoder;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.testkit.SharedImages;
import java.awt.Image;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NearDuplicatesTest {
    private final WorkerPool workers =
            new WorkerPool("image", Runtime.getRuntime().availableProcessors());

    @AfterEach
    void closePool() {
        workers.close();
    }

    @Test
    void everyPairWithinTheBoundIsFoundTheNearestFirst() throws Exception {
        Random random = new Random(4);
        List<DHash> hashes = random(random, 3_000);
        for (int bits = 0; bits <= DHash.BOUND + 1; bits++) {
            // Some differ in the horizontal bits, some in the vertical; the two positions are in different
            // blocks.
            DHash one = hashes.get(10 * bits);
            int across = bits / 2;
            hashes.set(
                    2_900 + bits, new DHash(one.across() ^ (1L << across) - 1, one.down() ^ (1L << bits - across) - 1));
        }
        List<Pair> expected = new ArrayList<>();
        for (int bits = 0; bits <= DHash.BOUND; bits++) {
            expected.add(new Pair(FindingKind.NEAR_IN_CLASS, bits, 10 * bits, 2_900 + bits));
        }

        assertThat(among(hashes).nearest()).isEqualTo(expected);
    }

    @Test
    void oneMotifTenThousandTimesIsCountedCompletelyButStoredUpToTheLimit() throws Exception {
        NearDuplicates near = among(Collections.nCopies(10_000, new DHash(7, 7)));
        assertThat(near.totals().get(FindingKind.NEAR_IN_CLASS)).isEqualTo(10_000L * 9_999 / 2);
        assertThat(near.nearest()).hasSize(Findings.KEPT);
    }

    @Test
    void aHundredThousandImagesTakeSeconds() throws Exception {
        List<DHash> hashes = random(new Random(5), 100_000);
        hashes.set(99_999, hashes.get(3));
        long begin = System.nanoTime();
        assertThat(among(hashes).nearest()).containsExactly(new Pair(FindingKind.NEAR_IN_CLASS, 0, 3, 99_999));
        Duration took = Duration.ofNanos(System.nanoTime() - begin);
        System.out.println("5 · 10⁹ pairs of hashes: " + took);
        assertThat(took).isLessThan(Duration.ofSeconds(60));
    }

    @Test
    void aScaledAndRecompressedPaintingIsRecognizedAndNotConfusedWithOthers() throws Exception {
        Path folder = SharedImages.at("decode-zoo/label-conflict");
        List<Path> paintings;
        try (Stream<Path> files = Files.list(folder)) {
            paintings = files.filter(file -> !file.toString().contains("Symbolism"))
                    .sorted()
                    .toList();
        }
        assertThat(paintings).hasSize(4);
        for (int side : new int[] {8, 32, 96, 224}) {
            for (Path painting : paintings) {
                DHash hash = hash(Files.readAllBytes(painting), side);
                assertThat(hash.distance(hash(smaller(painting), side)))
                        .as("%s at side %d", painting.getFileName(), side)
                        .isLessThanOrEqualTo(DHash.BOUND);
                for (Path other : paintings) {
                    if (!other.equals(painting)) {
                        assertThat(hash.distance(hash(Files.readAllBytes(other), side)))
                                .isGreaterThan(3 * DHash.BOUND);
                    }
                }
            }
        }
    }

    @Test
    void aFlatImageIsNotDistinctiveAndAHorizontalGradientSetsEveryHorizontalBit() {
        byte[] grey = new byte[3 * 16 * 16];
        new Random(3).nextBytes(grey);
        for (int i = 0; i < grey.length; i++) {
            grey[i] = (byte) (90 + (grey[i] & 1));
        }
        assertThat(DHash.of(grey, 16)).isEqualTo(new DHash(0, 0));
        assertThat(DHash.of(grey, 16).isDistinctive()).isFalse();
        for (int i = 0; i < grey.length; i++) {
            grey[i] = (byte) (10 * (i % 16));
        }
        assertThat(DHash.of(grey, 16)).isEqualTo(new DHash(-1, 0));
        assertThat(DHash.of(grey, 16).isDistinctive()).isTrue();
    }

    private static List<DHash> random(Random random, int n) {
        List<DHash> hashes = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            hashes.add(new DHash(random.nextLong(), random.nextLong()));
        }
        return hashes;
    }

    private NearDuplicates among(List<DHash> hashes) throws InterruptedException {
        return NearDuplicates.among(hashes, (a, b) -> List.of(FindingKind.NEAR_IN_CLASS), workers, done -> {});
    }

    private static DHash hash(byte[] file, int side) throws Exception {
        ImageSpec image = new ImageSpec(side, Fit.STRETCH, Orientation.APPLY);
        return DHash.of(new ImageDecoder(1_000_000).square(file, image), side);
    }

    private static byte[] smaller(Path painting) throws IOException {
        BufferedImage small = new BufferedImage(150, 150, BufferedImage.TYPE_INT_RGB);
        Image scaled = ImageIO.read(painting.toFile()).getScaledInstance(150, 150, Image.SCALE_SMOOTH);
        small.createGraphics().drawImage(scaled, 0, 0, null);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(small, "jpg", out);
        return out.toByteArray();
    }
}
