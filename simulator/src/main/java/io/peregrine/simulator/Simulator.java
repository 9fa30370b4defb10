package io.peregrine.simulator;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Runs schedules. Each sandbox is used by one thread at a time.
public final class Simulator implements AutoCloseable {
    /// A violation that was found.
    ///
    /// @param seed the seed that reproduces it
    public record Found(long seed, String violation) {}

    private record Bench(Sandbox sandbox, Oracle oracle) {}

    private final EmbeddedPostgres postgres;
    private final Path folder;
    private final Datasets datasets;
    private final List<Bench> benches = new ArrayList<>();

    private Simulator(EmbeddedPostgres postgres, Path folder, int threads) throws Exception {
        this.postgres = postgres;
        this.folder = folder;
        this.datasets = new Datasets(Files.createDirectories(folder.resolve("datasets")));
        for (int i = 0; i < threads; i++) {
            Sandbox sandbox = new Sandbox(postgres, "simulated" + i, folder.resolve("sandbox" + i));
            benches.add(new Bench(sandbox, new Oracle(sandbox, datasets)));
        }
    }

    /// Starts a simulator with its own database, which is deleted at the end.
    ///
    /// @param threads number of threads that run schedules
    public static Simulator start(int threads) throws Exception {
        Path memory = Path.of("/dev/shm");
        Path folder = Files.isWritable(memory)
                ? Files.createTempDirectory(memory, "peregrine-simulator-")
                : Files.createTempDirectory("peregrine-simulator-");
        try {
            return new Simulator(postgres(folder.resolve("postgres")), folder, threads);
        } catch (Exception | Error e) {
            delete(folder);
            throw e;
        }
    }

    private static EmbeddedPostgres postgres(Path folder) throws IOException {
        return EmbeddedPostgres.builder()
                .setDataDirectory(folder)
                .setPGStartupWait(Duration.ofSeconds(60))
                .setServerConfig("fsync", "off")
                .setServerConfig("synchronous_commit", "off")
                .setServerConfig("full_page_writes", "off")
                .setServerConfig("autovacuum", "off")
                .setServerConfig("wal_level", "minimal")
                .setServerConfig("max_wal_senders", "0")
                .setServerConfig("jit", "off")
                .setServerConfig("listen_addresses", "127.0.0.1")
                .setOutputRedirector(ProcessBuilder.Redirect.DISCARD)
                .setErrorRedirector(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    /// Runs one schedule.
    ///
    /// @param bug the planted bug, or null
    /// @param trace receives the trace, or null
    /// @return the violation, if there is one
    public Optional<Found> run(long seed, Bug bug, List<String> trace) throws Exception {
        return run(benches.getFirst(), seed, bug, trace);
    }

    private Optional<Found> run(Bench bench, long seed, Bug bug, List<String> trace) throws Exception {
        try {
            new Schedule(seed, bench.sandbox(), datasets, null, bug, trace).run(bench.oracle());
            return Optional.empty();
        } catch (Violation violation) {
            return Optional.of(new Found(seed, violation.getMessage()));
        }
    }

    /// Runs schedules on all threads.
    ///
    /// @param first the first seed
    /// @param bug the planted bug, or null
    /// @param most number of violations after which no further schedule is started
    /// @param each receives each violation when it is found, from one thread at a time
    /// @return number of schedules that were run
    public long search(long first, long schedules, Bug bug, int most, Consumer<Found> each) throws Exception {
        AtomicLong next = new AtomicLong(first);
        AtomicInteger found = new AtomicInteger();
        try (ExecutorService threads = Executors.newFixedThreadPool(benches.size())) {
            List<Future<?>> running = new ArrayList<>();
            for (Bench bench : benches) {
                running.add(threads.submit(() -> {
                    while (found.get() < most) {
                        long seed = next.getAndIncrement();
                        if (seed >= first + schedules) {
                            return null;
                        }
                        run(bench, seed, bug, null).ifPresent(one -> {
                            synchronized (each) {
                                found.incrementAndGet();
                                each.accept(one);
                            }
                        });
                    }
                    return null;
                }));
            }
            for (Future<?> one : running) {
                one.get();
            }
        }
        return Math.min(next.get() - first, schedules);
    }

    @Override
    public void close() throws Exception {
        for (Bench bench : benches) {
            bench.sandbox().close();
        }
        postgres.close();
        delete(folder);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
