package io.peregrine.ingest.pack;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.spec.RunSpec.Fit;
import io.peregrine.events.spec.RunSpec.ImageSpec;
import io.peregrine.events.spec.RunSpec.Orientation;
import io.peregrine.events.spec.RunSpec.SplitSpec;
import io.peregrine.ingest.Folder;
import io.peregrine.ingest.dataset.AllowedRoots;
import io.peregrine.ingest.dataset.Listing;
import io.peregrine.ingest.format.FirstFramesTest;
import io.peregrine.ingest.format.ImageDecoder;
import io.peregrine.ingest.pack.PackMaker.DecodedPack;
import io.peregrine.parallel.WorkerPool;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A pack of images that were always decoded right keeps its content address, so that a new version of Peregrine
/// gives the same bytes as before.
class PackAddressTest {
    @TempDir
    Path root;

    @TempDir
    Path storeFolder;

    @Test
    void thePackOfUnusualImagesHasTheAddressItAlwaysHad() throws Exception {
        Folder folder = new Folder(root);
        for (FirstFramesTest.Case one : FirstFramesTest.cases().toList()) {
            folder.bytes("a/" + one.name() + ".tif", one.file());
        }
        folder.bytes("a/png.png", Folder.encoded("png", 1)).bytes("a/bmp.bmp", Folder.encoded("bmp", 2));
        AllowedRoots roots = new AllowedRoots(List.of(root));
        try (WorkerPool workers = new WorkerPool("test", 1)) {
            Listing listing = Listing.of(root, roots, new SplitSpec(0, 0, 42), workers, (done, of) -> {});
            FileStore store = new FileStore(storeFolder);
            PackMaker maker = new PackMaker(
                    store, workers, new ImageDecoder(100_000_000), 1 << 24, (nanos, bytes, refused) -> {});
            ImageSpec image = new ImageSpec(32, Fit.STRETCH, Orientation.APPLY);
            DecodedPack made = maker.make(
                    store.unreferenced(),
                    new PackMaker.Source(root, roots),
                    listing,
                    listing.packs().getFirst(),
                    image,
                    done -> {});
            assertThat(made.refusals()).isEmpty();
            assertThat(made.pixels().sha256())
                    .isEqualTo("028c249dde87a4cdaad2bbcbcfbc02bc042e1044c21b03809ad96ed6071c87de");
        }
    }
}
