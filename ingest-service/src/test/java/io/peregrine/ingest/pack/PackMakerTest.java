package io.peregrine.ingest.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.store.ArtifactPublisher;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec.Fit;
import io.peregrine.events.spec.RunSpec.ImageSpec;
import io.peregrine.events.spec.RunSpec.Orientation;
import io.peregrine.events.spec.RunSpec.SplitSpec;
import io.peregrine.ingest.Folder;
import io.peregrine.ingest.dataset.AllowedRoots;
import io.peregrine.ingest.dataset.Listing;
import io.peregrine.ingest.format.FirstFramesTest;
import io.peregrine.ingest.format.ImageDecoder;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.SquareFit;
import io.peregrine.ingest.pack.PackMaker.DecodedPack;
import io.peregrine.ingest.pack.PackMaker.Rejection;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.testkit.SharedImages;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackMakerTest {
    private static final ImageSpec SMALL = new ImageSpec(32, Fit.STRETCH, Orientation.APPLY);
    private static final long BYTES_MAX = 1 << 24;

    @TempDir
    Path root;

    @TempDir
    Path storeFolder;

    private final WorkerPool workers = new WorkerPool("image", 2);
    private final ImageDecoder decoder = new ImageDecoder(100_000_000);

    @AfterEach
    void closePool() {
        workers.close();
    }

    @Test
    void filesThatChangedOrVanishedAfterListingAreRejectedAndTheOthersDecoded() throws Exception {
        Folder folder = new Folder(root);
        folder.image("a/1.png")
                .image("a/2.png")
                .image("a/3.png")
                .image("a/4.png")
                .image("a/5.png");
        Path outside = Files.write(storeFolder.resolve("outside.png"), Folder.encoded("png", 2));
        Listing listing = listing(root);
        folder.bytes("a/1.png", Folder.encoded("png", 1));
        Files.delete(root.resolve("a/2.png"));
        Files.delete(root.resolve("a/3.png"));
        Files.createSymbolicLink(root.resolve("a/3.png"), outside);
        Files.delete(root.resolve("a/4.png"));
        assertThat(new ProcessBuilder("mkfifo", root.resolve("a/4.png").toString())
                        .start()
                        .waitFor())
                .isZero();

        DecodedPack made =
                maker().make(publisher(), source(root), listing, listing.packs().getFirst(), SMALL, done -> {});

        assertThat(made.refusals())
                .extracting(Rejection::place, Rejection::reason)
                .containsExactly(
                        tuple(0, ImageRejectedException.Reason.IMAGE_CHANGED),
                        tuple(1, ImageRejectedException.Reason.IMAGE_UNREADABLE),
                        tuple(2, ImageRejectedException.Reason.LINK_OUTSIDE_ROOTS),
                        tuple(3, ImageRejectedException.Reason.NOT_A_FILE));
        assertThat(made.isReusable()).isFalse();
        try (PixelPack pack = PixelPack.open(new FileStore(storeFolder), made.pixels())) {
            assertThat(pack.count()).isEqualTo(1);
            assertThat(pack.image(0).toArray(ValueLayout.JAVA_BYTE))
                    .isEqualTo(SquareFit.of(
                            decoder.decode(Files.readAllBytes(root.resolve("a/5.png")), Orientation.APPLY),
                            32,
                            Fit.STRETCH));
        }
    }

    @Test
    void aGifIsListedUnlikeInTorchvisionAndItsFirstFrameIsPacked() throws Exception {
        FirstFramesTest.Case gif = FirstFramesTest.cases()
                .filter(one -> one.name().equals("gif-animated"))
                .findFirst()
                .orElseThrow();
        new Folder(root).bytes("a/1.GIF", gif.file());
        Listing listing = listing(root);

        DecodedPack made =
                maker().make(publisher(), source(root), listing, listing.packs().getFirst(), SMALL, done -> {});

        try (PixelPack pack = PixelPack.open(new FileStore(storeFolder), made.pixels())) {
            assertThat(pack.image(0).toArray(ValueLayout.JAVA_BYTE))
                    .isEqualTo(SquareFit.of(gif.expected(), 32, Fit.STRETCH));
        }
    }

    @Test
    void aLinkBetweenTwoGrantedFoldersIsListedAndDecoded() throws Exception {
        Path real = root.toRealPath();
        Folder gallery = new Folder(Files.createDirectory(real.resolve("gallery")));
        gallery.image("a/1.png");
        Path other = Files.createDirectory(real.resolve("other"));
        Path image = Files.write(other.resolve("2.png"), Folder.encoded("png", 2));
        Files.createSymbolicLink(gallery.root().resolve("a/2.png"), image);
        String run = "ab".repeat(16);
        Path grants = Files.createDirectory(real.resolve("grants"));
        Files.write(
                grants.resolve(run),
                List.of(gallery.root().toUri().toString(), other.toUri().toString()));
        AllowedRoots roots = new AllowedRoots(List.of(), Optional.of(grants)).of(run);
        Listing listing = Listing.of(gallery.root(), roots, new SplitSpec(0, 0, 42), workers, (done, of) -> {});

        DecodedPack made = maker().make(
                        publisher(),
                        new PackMaker.Source(gallery.root(), roots),
                        listing,
                        listing.packs().getFirst(),
                        SMALL,
                        done -> {});

        assertThat(listing.rows()).hasSize(2);
        assertThat(made.refusals()).isEmpty();
    }

    @Test
    void aMissingFolderIsARetryableFailure() throws Exception {
        Folder folder = new Folder(Files.createDirectory(root.resolve("mounted")));
        folder.image("a/1.png");
        Listing listing = listing(folder.root());
        Files.move(folder.root(), root.resolve("unmounted"));
        assertThatThrownBy(() -> maker().make(
                                publisher(),
                                source(folder.root()),
                                listing,
                                listing.packs().getFirst(),
                                SMALL,
                                done -> {}))
                .isInstanceOfSatisfying(
                        FailureException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(FailureKind.RESOURCE));
    }

    @Test
    void theSameFilesGiveTheSamePackAndOtherSettingsAnotherKey() throws Exception {
        new Folder(root).image("a/1.png").image("a/2.jpg");
        Listing listing = listing(root);
        Listing.Range range = listing.packs().getFirst();
        PackMaker maker = maker();
        assertThat(maker.make(publisher(), source(root), listing, range, SMALL, done -> {}))
                .isEqualTo(maker.make(publisher(), source(root), listing, range, SMALL, done -> {}));
        Set<String> keys = new HashSet<>();
        keys.add(maker.decodeKey(listing, range, SMALL));
        keys.add(maker.decodeKey(listing, range, new ImageSpec(40, Fit.STRETCH, Orientation.APPLY)));
        keys.add(maker.decodeKey(listing, range, new ImageSpec(32, Fit.COVER, Orientation.APPLY)));
        keys.add(maker.decodeKey(listing, range, new ImageSpec(32, Fit.STRETCH, Orientation.IGNORE)));
        new Folder(root).image("a/0.png");
        keys.add(maker.decodeKey(listing(root), listing(root).packs().getFirst(), SMALL));
        assertThat(keys).hasSize(5);
    }

    @Test
    void all1502ImagesOfWikiart6AreDecodedAndEqualFileNamesAreDistinguished() throws Exception {
        Path wikiart = SharedImages.at("wikiart6").toRealPath();
        Listing listing = listing(wikiart);
        List<DecodedPack> packs = new ArrayList<>();
        for (Listing.Range range : listing.packs()) {
            packs.add(maker().make(publisher(), source(wikiart), listing, range, SMALL, done -> {}));
        }
        SealedDataset seal = SealedDataset.of(listing, packs, 32);

        assertThat(seal.images()).isEqualTo(1_502);
        assertThat(seal.refused()).isZero();
        assertThat(seal.manifest().classes()).hasSize(6);
        Set<String> ids = new HashSet<>();
        Set<String> names = new HashSet<>();
        Set<String> shared = new HashSet<>();
        for (int row = 0; row < listing.rows().size(); row++) {
            ids.add(listing.imageId(row));
            String name =
                    listing.rows().get(row).split() + listing.rows().get(row).path();
            if (!names.add(name)) {
                shared.add(name);
            }
        }
        assertThat(ids).hasSize(1_502);
        assertThat(shared).as("file names that occur in several classes").hasSize(67);
        assertThat(seal.manifest().rowsOf(Split.TRAIN).length + seal.manifest().rowsOf(Split.TEST).length)
                .isEqualTo(1_502);
    }

    private Listing listing(Path folder) throws InterruptedException {
        return Listing.of(
                folder, new AllowedRoots(List.of(folder)), new SplitSpec(0, 0, 42), workers, (done, of) -> {});
    }

    private static PackMaker.Source source(Path folder) {
        return new PackMaker.Source(folder, new AllowedRoots(List.of(folder)));
    }

    private ArtifactPublisher publisher() {
        return new FileStore(storeFolder).unreferenced();
    }

    private PackMaker maker() throws IOException {
        return new PackMaker(new FileStore(storeFolder), workers, decoder, BYTES_MAX, (nanos, bytes, refused) -> {});
    }
}
