package io.peregrine.ingest.pack;

import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.store.ArtifactPublisher;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.events.spec.RunSpec.ImageSpec;
import io.peregrine.ingest.dataset.AllowedRoots;
import io.peregrine.ingest.dataset.ContentKeys;
import io.peregrine.ingest.dataset.ImageFile;
import io.peregrine.ingest.dataset.Listing;
import io.peregrine.ingest.dataset.Listing.Range;
import io.peregrine.ingest.dataset.Listing.Row;
import io.peregrine.ingest.format.ImageDecoder;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Resize;
import io.peregrine.parallel.WorkerPool;
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

/// Decodes 256 listed files into a pixel pack, on all cores. Thread-safe: several packs may be made at once.
public final class PackMaker {
    /// A rejected file: its position among the listed files of the pack, and the reason.
    public record Rejection(int place, ImageRejectedException.Reason reason, String detail) {}

    /// Where the files of a pack are read.
    ///
    /// @param root the dataset's folder, all links resolved
    /// @param roots of the run. A link may lead to each of them, as when the files were listed
    public record Source(Path root, AllowedRoots roots) {}

    /// @param pixels the pack
    /// @param refusals in order of position
    public record DecodedPack(ArtifactRef pixels, List<Rejection> refusals) {
        public DecodedPack {
            refusals = List.copyOf(refusals);
        }

        /// @return whether the result depends only on the listed bytes, so that later runs may reuse this pack
        public boolean isReusable() {
            return refusals.stream().allMatch(refusal -> refusal.reason().isDeterministic());
        }
    }

    private record DecodeResult(MemorySegment planes, ImageRejectedException refused, long nanos, long bytes) {}

    /// Receives the duration and size of each processed file, for metrics.
    @FunctionalInterface
    public interface DecodeListener {
        /// @param refused null if it was decoded
        void decoded(long nanos, long bytes, ImageRejectedException.Reason refused);
    }

    /// Records which file of a lost pack is being decoded. Nothing else is decoded at the same time.
    public interface CrashGuard {
        /// @return whether the file at this position of the pack must not be decoded again
        boolean isDeadly(int place);

        /// The file at this position is decoded next. If the process dies before [#ends], this file was the
        /// cause.
        void begins(int place);

        void ends(int place);
    }

    private final ArtifactStore store;
    private final WorkerPool workers;
    private final ImageDecoder decoder;
    private final long bytesMax;
    private final DecodeListener listener;
    private final Map<Thread, String> decoding = new ConcurrentHashMap<>();
    /// Normal decoding takes the read lock. Crash triage takes the write lock, so that only one image is being
    /// decoded when the process dies.
    private final ReadWriteLock decodeLock = new ReentrantReadWriteLock(true);

    /// @param bytesMax limit of a file's length
    public PackMaker(
            ArtifactStore store, WorkerPool workers, ImageDecoder decoder, long bytesMax, DecodeListener listener) {
        this.store = store;
        this.workers = workers;
        this.decoder = decoder;
        this.bytesMax = bytesMax;
        this.listener = listener;
    }

    /// @param publisher publishes the pack
    /// @param between called after each file with the number of files done; an exception from it stops the pack
    /// @throws FailureException RESOURCE if the folder is missing or the store rejects the pack
    public DecodedPack make(
            ArtifactPublisher publisher,
            Source source,
            Listing listing,
            Range range,
            ImageSpec image,
            IntConsumer between)
            throws InterruptedException {
        return make(publisher, source, listing, range, image, (rows, pixels) -> {
            return workers.map(rows, row -> concurrently(() -> decode(source, row, image, pixels)), between);
        });
    }

    /// Makes a lost pack serially: one file after the other, with no other decoding in this process.
    public DecodedPack makeSerially(
            ArtifactPublisher publisher,
            Source source,
            Listing listing,
            Range range,
            ImageSpec image,
            IntConsumer between,
            CrashGuard guard)
            throws InterruptedException {
        return make(publisher, source, listing, range, image, (rows, pixels) -> {
            List<DecodeResult> outcomes = new ArrayList<>();
            for (int place = 0; place < rows.size(); place++) {
                outcomes.add(decodeExclusively(source, rows.get(place), place, image, pixels, guard));
                between.accept(outcomes.size());
            }
            return outcomes;
        });
    }

    /// How the files of a pack are decoded: concurrently or serially.
    @FunctionalInterface
    private interface DecodeStrategy {
        List<DecodeResult> decoded(List<Row> rows, DecodedPixels pixels) throws InterruptedException;
    }

    private DecodedPack make(
            ArtifactPublisher publisher,
            Source source,
            Listing listing,
            Range range,
            ImageSpec image,
            DecodeStrategy strategy)
            throws InterruptedException {
        List<Row> rows = listing.rows().subList(range.from(), range.to());
        long bytes = 3L * image.side() * image.side() * rows.size();
        try (DecodedPixels pixels = new DecodedPixels(bytes, DecodedPixels.IN_MEMORY, store.disk())) {
            return made(publisher, source.root(), image, strategy.decoded(rows, pixels));
        }
    }

    private DecodedPack made(ArtifactPublisher publisher, Path root, ImageSpec image, List<DecodeResult> outcomes) {
        if (!Files.isDirectory(root)) {
            throw FailureException.resource(
                    "FOLDER_UNAVAILABLE",
                    "the dataset's folder %s is missing; check that its disk is mounted".formatted(root),
                    null);
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
            listener.decoded(outcome.nanos(), outcome.bytes(), refused == null ? null : refused.reason());
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
                ImageDecoder.PACK_VERSION);
        return new DecodedPack(PixelPack.publishSegments(publisher, decoding, image.side(), images), refusals);
    }

    /// @return key of the pack for reuse in later runs
    public String decodeKey(Listing listing, Range range, ImageSpec image) {
        List<String> contents = listing.rows().subList(range.from(), range.to()).stream()
                .map(Row::sha256)
                .toList();
        return ContentKeys.decodeKey(contents, image, decoder.pixelsMax(), bytesMax);
    }

    private <T> T concurrently(Callable<T> decoding) throws Exception {
        decodeLock.readLock().lockInterruptibly();
        try {
            return decoding.call();
        } finally {
            decodeLock.readLock().unlock();
        }
    }

    private DecodeResult decodeExclusively(
            Source source, Row row, int place, ImageSpec image, DecodedPixels pixels, CrashGuard guard)
            throws InterruptedException {
        if (guard.isDeadly(place)) {
            String detail = "this service crashed twice while decoding the file, so it is skipped; save it again";
            return new DecodeResult(
                    null, new ImageRejectedException(ImageRejectedException.Reason.DECODER_CRASH, detail), 0, 0);
        }
        decodeLock.writeLock().lockInterruptibly();
        try {
            guard.begins(place);
            try {
                return decode(source, row, image, pixels);
            } finally {
                guard.ends(place);
            }
        } finally {
            decodeLock.writeLock().unlock();
        }
    }

    private DecodeResult decode(Source source, Row row, ImageSpec image, DecodedPixels pixels)
            throws InterruptedException {
        long begin = System.nanoTime();
        long bytes = 0;
        decoding.put(Thread.currentThread(), row.file());
        try {
            byte[] file = ImageFile.read(source.root().resolve(row.file()), source.roots(), row.sha256(), bytesMax);
            bytes = file.length;
            MemorySegment planes = pixels.store(decoder.square(file, image));
            return new DecodeResult(planes, null, System.nanoTime() - begin, bytes);
        } catch (ImageRejectedException refused) {
            return new DecodeResult(null, refused, System.nanoTime() - begin, bytes);
        } finally {
            decoding.remove(Thread.currentThread());
        }
    }

    /// @return the files that are being decoded now, one per thread; relative to the folders of their datasets
    public List<String> decoding() {
        return decoding.values().stream().sorted().toList();
    }
}
