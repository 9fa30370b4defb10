package io.peregrine.ingest.findings;

import io.peregrine.artifacts.PixelPack;
import io.peregrine.parallel.WorkerPool;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/// The perceptual hashes of a pack's images in the order of the pack, two numbers per image.
public final class PackHashes {
    private PackHashes() {}

    public static long[] of(PixelPack pack, WorkerPool workers) throws InterruptedException {
        List<Integer> images = IntStream.range(0, pack.count()).boxed().toList();
        return workers
                .map(
                        images,
                        index -> DHash.of(pack.image(index).toArray(ValueLayout.JAVA_BYTE), pack.side()),
                        done -> {})
                .stream()
                .flatMapToLong(hash -> LongStream.of(hash.across(), hash.down()))
                .toArray();
    }

    static DHash at(long[] hashes, int index) {
        return new DHash(hashes[2 * index], hashes[2 * index + 1]);
    }
}
