package io.peregrine.ingest.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.Sha256;
import io.peregrine.events.spec.RunSpec.Fit;
import io.peregrine.events.spec.RunSpec.ImageSpec;
import io.peregrine.events.spec.RunSpec.Orientation;
import io.peregrine.events.spec.RunSpec.SplitSpec;
import io.peregrine.ingest.dataset.AllowedRoots;
import io.peregrine.ingest.dataset.Listing;
import io.peregrine.ingest.pack.PackMaker;
import io.peregrine.ingest.pack.PackMaker.DecodedPack;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.testkit.SharedImages;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whole scans of many shapes. The content of the packs equals Pillow's result, bit for bit
/// (`bench/python/make_picture_vectors.py`).
class VariedSizeTest {
    private static final int SIDE = 224;

    @TempDir
    Path storeFolder;

    @ParameterizedTest
    @EnumSource(Fit.class)
    void everyScanIsPackedAsPillowFitsIt(Fit fit) throws Exception {
        Path scans = SharedImages.at("varied-size").toRealPath();
        AllowedRoots roots = new AllowedRoots(List.of(scans));
        FileStore store = new FileStore(storeFolder);
        ImageSpec image = new ImageSpec(SIDE, fit, Orientation.APPLY);
        Map<String, String> found = new TreeMap<>();
        try (WorkerPool workers = new WorkerPool("image", 2)) {
            PackMaker maker = new PackMaker(
                    store, workers, new ImageDecoder(100_000_000), 1 << 24, (nanos, bytes, refused) -> {});
            Listing listing = Listing.of(scans, roots, new SplitSpec(0, 0, 42), workers, (done, of) -> {});
            for (Listing.Range range : listing.packs()) {
                DecodedPack made = maker.make(
                        store.unreferenced(), new PackMaker.Source(scans, roots), listing, range, image, done -> {});
                assertThat(made.refusals()).isEmpty();
                try (PixelPack pack = PixelPack.open(store, made.pixels())) {
                    assertThat(pack.side()).isEqualTo(SIDE);
                    for (int i = 0; i < pack.count(); i++) {
                        byte[] pixels = pack.image(i).toArray(ValueLayout.JAVA_BYTE);
                        assertThat(pixels).hasSize(3 * SIDE * SIDE);
                        found.put(listing.rows().get(range.from() + i).file(), Sha256.hex(pixels));
                    }
                }
            }
        }
        assertThat(found).hasSize(92).isEqualTo(pillows(fit));
    }

    private static Map<String, String> pillows(Fit fit) throws Exception {
        try (InputStream in = VariedSizeTest.class.getResourceAsStream("/varied-size.csv")) {
            List<String[]> rows = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.split(","))
                    .toList();
            int column = List.of(rows.getFirst()).indexOf(fit.jsonName());
            return rows.stream().skip(1).collect(Collectors.toMap(row -> row[0], row -> row[column]));
        }
    }
}
