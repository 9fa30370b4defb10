package io.peregrine.artifacts;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.FailureException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReferenceArray;

/// A manifest's images by row, from memory-mapped packs that are opened on first use. Thread-safe.
public final class PixelRows implements AutoCloseable {
    private final ArtifactStore store;
    private final Manifest manifest;
    private final AtomicReferenceArray<PixelPack> open;

    public PixelRows(ArtifactStore store, Manifest manifest) {
        this.store = store;
        this.manifest = manifest;
        this.open = new AtomicReferenceArray<>(manifest.packs().size());
    }

    /// @return number of values of one image: 3 · side · side
    public int values() {
        return 3 * manifest.side() * manifest.side();
    }

    /// @return u8 [3, side, side], memory-mapped
    /// @throws FailureException INTERNAL if the row was rejected or its pack is missing or changed
    public MemorySegment image(long row) {
        int number = manifest.pack((int) row);
        if (number < 0) {
            throw FailureException.internal(
                    "ROW_REFUSED",
                    "Row %d (%s) was rejected and has no pixels".formatted(row, manifest.path((int) row)),
                    null);
        }
        return pack(number).image(manifest.index((int) row));
    }

    private PixelPack pack(int number) {
        PixelPack pack = open.get(number);
        if (pack == null) {
            synchronized (this) {
                pack = open.get(number);
                if (pack == null) {
                    pack = PixelPack.open(store, manifest.packs().get(number));
                    if (pack.side() != manifest.side()) {
                        pack.close();
                        throw FailureException.internal(
                                "PACK_CORRUPT",
                                "%s has side %d, but its manifest has %d"
                                        .formatted(manifest.packs().get(number).uri(), pack.side(), manifest.side()),
                                null);
                    }
                    open.set(number, pack);
                }
            }
        }
        return pack;
    }

    @Override
    public synchronized void close() {
        for (int i = 0; i < open.length(); i++) {
            PixelPack pack = open.getAndSet(i, null);
            if (pack != null) {
                pack.close();
            }
        }
    }
}
