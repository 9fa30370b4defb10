package io.peregrine.balance;

import io.peregrine.balance.neighbours.NeighbourSearch;
import io.peregrine.balance.neighbours.Tiling;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.IntStream;
import org.jboss.logging.Logger;

/// Runs a background search among blank images when the service starts. The loops over pixels take ten times as
/// long until they are compiled, and the first classes of a run should not wait for that.
@ApplicationScoped
class WarmUp {
    private static final Logger LOG = Logger.getLogger(WarmUp.class);
    private static final int IMAGES = 200;
    private static final int VALUES = 3 * 64 * 64;
    private static final int NEIGHBOURS = 5;

    private final Products products;
    private final BalanceConfig config;

    WarmUp(Products products, BalanceConfig config) {
        this.products = products;
        this.config = config;
    }

    void start(@Observes StartupEvent started) {
        if (config.warmup().isPositive()) {
            Thread.ofPlatform().daemon().name("warm-up").start(this::warmUp);
        }
    }

    /// An error here is only logged: it will occur again in a run and be reported there.
    private void warmUp() {
        long began = System.nanoTime();
        int searches = 0;
        try {
            // Mapped memory as in packs, since other kinds of memory segments run different code.
            Path file = Files.createTempFile("peregrine-warm-up-", ".pixels");
            try (Arena arena = Arena.ofShared();
                    FileChannel channel = FileChannel.open(
                            file,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.DELETE_ON_CLOSE)) {
                MemorySegment pixels = channel.map(FileChannel.MapMode.READ_WRITE, 0, (long) IMAGES * VALUES, arena);
                List<MemorySegment> images = IntStream.range(0, IMAGES)
                        .mapToObj(image -> pixels.asSlice((long) image * VALUES, VALUES))
                        .toList();
                // Small and large classes use different algorithms: see [GramMatrix].
                Tiling small = new Tiling(IMAGES, IMAGES, 1);
                Tiling large = new Tiling(IMAGES, IMAGES / 8, 4);
                for (; System.nanoTime() - began < config.warmup().toNanos(); searches++) {
                    search(images, searches % 2 == 0 ? small : large);
                }
            }
            LOG.debugf("warm-up finished searches=%d", searches);
        } catch (IOException | RuntimeException e) {
            LOG.warnf(e, "warm-up failed, the first search will be slow");
        }
    }

    private void search(List<MemorySegment> images, Tiling tiling) {
        int threads = config.threadCount();
        try (NeighbourSearch search =
                new NeighbourSearch(products.make(), images, VALUES, NEIGHBOURS, tiling, tiling.all(), threads)) {
            while (search.stepsDone() < search.steps()) {
                search.step(() -> {});
            }
            search.changed();
        }
    }
}
