package io.peregrine.ingest.pack;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.events.RunSpec.ImageSpec;
import io.peregrine.ingest.pack.Listing.Range;
import io.peregrine.ingest.pack.Listing.Row;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.IntConsumer;

/// Decodes 256 listed files into a pixel pack, on all cores. Safe for several packs at once.
public final class PackMaker {
    /// An image's bytes that were refused: its place among the pack's listed files, and why.
    public record Rejection(int place, ImageRejectedException.Reason reason, String detail) {}

    /// @param pixels the pack
    /// @param refusals in order of place
    public record DecodedPack(ArtifactRef pixels, List<Rejection> refusals) {
        public DecodedPack {
            refusals = List.copyOf(refusals);
        }

        /// @return whether the listed bytes alone decided, so that later runs may take this pack for theirs
        public boolean isReusable() {
            return refusals.stream().allMatch(refusal -> refusal.reason().isDeterministic());
        }
    }

    private record DecodeResult(MemorySegment planes, ImageRejectedException refused, long nanos, long bytes) {}

    /// Told of each file as it is done; for measuring.
    @FunctionalInterface
    public interface DecodeListener {
        /// @param refused null, if it was decoded
        void decoded(long nanos, long bytes, ImageRejectedException.Reason refused);
    }

    /// Told which file of a lost pack is being decoded, while nothing else is.
    public interface CrashGuard {
        /// @return whether the file at this place of the pack is to be decoded no more
        boolean isDeadly(int place);

        /// The file is decoded next. If the process dies before [#ends], it died of it.
        void begins(int place);

        void ends(int place);
    }

    private final ArtifactStore store;
    private final AllowedRoots roots;
    private final WorkerPool crew;
    private final ImageDecoder decoder;
    private final long bytesMax;
    private final DecodeListener watcher;
    private final Map<Thread, String> decoding = new ConcurrentHashMap<>();
    /// Held by who decodes beside others; alone by who must know what the process died of.
    private final ReadWriteLock besideOthers = new ReentrantReadWriteLock(true);

    /// @param bytesMax longest file that is read
    public PackMaker(
            ArtifactStore store,
            AllowedRoots roots,
            WorkerPool crew,
            ImageDecoder decoder,
            long bytesMax,
            DecodeListener watcher) {
        this.store = store;
        this.roots = roots;
        this.crew = crew;
        this.decoder = decoder;
        this.bytesMax = bytesMax;
        this.watcher = watcher;
    }

    /// @param root the dataset's folder, resolved
    /// @param between called after each file with how many are done; what it throws stops the pack
    /// @throws Failure RESOURCE, if the folder has gone or the store refuses
    public DecodedPack make(Path root, Listing listing, Range range, ImageSpec image, IntConsumer between)
            throws InterruptedException {
        return make(root, listing, range, image, (rows, pixels) -> {
            return crew.each(rows, row -> besideOthers(() -> decode(root, row, image, pixels)), between);
        });
    }

    /// The same one file after the other, and nothing else in this process: of a pack that was lost.
    public DecodedPack makeSerially(
            Path root, Listing listing, Range range, ImageSpec image, IntConsumer between, CrashGuard watch)
            throws InterruptedException {
        return make(root, listing, range, image, (rows, pixels) -> {
            List<DecodeResult> outcomes = new ArrayList<>();
            for (int place = 0; place < rows.size(); place++) {
                outcomes.add(decodeAlone(root, rows.get(place), place, image, pixels, watch));
                between.accept(outcomes.size());
            }
            return outcomes;
        });
    }

    /// How the files of a pack are decoded, in which order whatever.
    @FunctionalInterface
    private interface DecodeStrategy {
        List<DecodeResult> decoded(List<Row> rows, DecodedPixels pixels) throws InterruptedException;
    }

    private DecodedPack make(Path root, Listing listing, Range range, ImageSpec image, DecodeStrategy way)
            throws InterruptedException {
        List<Row> rows = listing.rows().subList(range.from(), range.to());
        long bytes = 3L * image.side() * image.side() * rows.size();
        try (DecodedPixels pixels = new DecodedPixels(bytes, DecodedPixels.IN_MEMORY, store.disk())) {
            return made(root, image, way.decoded(rows, pixels));
        }
    }

    private DecodedPack made(Path root, ImageSpec image, List<DecodeResult> outcomes) {
        if (!Files.isDirectory(root)) {
            throw FailureException.resource(
                    "FOLDER_AWAY", "the dataset's folder %s has gone; is its disk away?".formatted(root), null);
        }
        List<MemorySegment> images = new ArrayList<>();
        List<Rejection> refusals = new ArrayList<>();
        for (int place = 0; place < outcomes.size(); place++) {
            DecodeResult outcome = outcomes.get(place);
            ImageRejectedException refused = outcome.refused();
            if (refused == null) {
                images.add(outcome.planes());
            } else {
                refusals.add(new Rejection(place, refused.reason(), refused.getMessage()));
            }
            watcher.decoded(outcome.nanos(), outcome.bytes(), refused == null ? null : refused.reason());
        }
        Map<String, String> decoding = Map.of(
                "format",
                "peregrine-pack-1",
                "side",
                Integer.toString(image.side()),
                "fit",
                image.fit().jsonName(),
                "orientation",
                image.orientation().jsonName(),
                "resize",
                Resize.RULE,
                "decoder",
                ImageDecoder.VERSION);
        return new DecodedPack(PixelPack.publishSegments(store, decoding, image.side(), images), refusals);
    }

    /// @return what the pack of these files is found by in later runs
    public String decodeKey(Listing listing, Range range, ImageSpec image) {
        List<String> contents = listing.rows().subList(range.from(), range.to()).stream()
                .map(Row::sha256)
                .toList();
        return ContentKeys.decodeKey(contents, image, decoder.pixelsMax(), bytesMax);
    }

    private <T> T besideOthers(Callable<T> decoding) throws Exception {
        besideOthers.readLock().lockInterruptibly();
        try {
            return decoding.call();
        } finally {
            besideOthers.readLock().unlock();
        }
    }

    private DecodeResult decodeAlone(
            Path root, Row row, int place, ImageSpec image, DecodedPixels pixels, CrashGuard watch)
            throws InterruptedException {
        if (watch.isDeadly(place)) {
            String detail = "this service died twice while it decoded the file, which is now left alone; save it again";
            return new DecodeResult(
                    null, new ImageRejectedException(ImageRejectedException.Reason.DECODER_CRASH, detail), 0, 0);
        }
        besideOthers.writeLock().lockInterruptibly();
        try {
            watch.begins(place);
            try {
                return decode(root, row, image, pixels);
            } finally {
                watch.ends(place);
            }
        } finally {
            besideOthers.writeLock().unlock();
        }
    }

    private DecodeResult decode(Path root, Row row, ImageSpec image, DecodedPixels pixels) throws InterruptedException {
        long begin = System.nanoTime();
        long bytes = 0;
        decoding.put(Thread.currentThread(), row.file());
        try {
            byte[] file = ImageFile.read(root.resolve(row.file()), roots.with(List.of(root)), row.sha256(), bytesMax);
            bytes = file.length;
            MemorySegment kept = pixels.keep(decoder.square(file, image));
            return new DecodeResult(kept, null, System.nanoTime() - begin, bytes);
        } catch (ImageRejectedException refused) {
            return new DecodeResult(null, refused, System.nanoTime() - begin, bytes);
        } finally {
            decoding.remove(Thread.currentThread());
        }
    }

    /// @return the files that are being decoded now, below their datasets' folders; one for each thread
    public List<String> decoding() {
        return decoding.values().stream().sorted().toList();
    }
}
