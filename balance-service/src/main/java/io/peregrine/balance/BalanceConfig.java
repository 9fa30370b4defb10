package io.peregrine.balance;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/// What the balance service is told.
@ConfigMapping(prefix = "peregrine.balance")
public interface BalanceConfig {
    /// Memory of one neighbour search, such as `512M`: of it come the rows and columns of a tile of the distance
    /// matrix. Smaller tiles read each image more often. A quarter of the machine's or 2 GiB, whichever is less,
    /// when left out; never more than seven tenths of the heap, where a part of it lies.
    Optional<MemorySize> memory();

    /// Threads of one neighbour search. As many as there are cores, when left out.
    OptionalInt threads();

    /// How long the service searches among blank images when it starts, aside, so that its first run does not
    /// wait for loops to be compiled; `0s`: not at all.
    @WithDefault("2s")
    Duration warmup();

    /// Multiply-adds of one job: a class that takes more is searched by several jobs, a tile row each, which
    /// replicas share. The default is some seconds on two fast cores.
    @WithDefault("2000000000000")
    long jobProducts();

    /// For how long a neighbour search may hold a worker while another run waits.
    @WithDefault("30s")
    Duration slice();

    /// What multiplies. All find the same neighbours, bit for bit.
    @WithDefault("auto")
    Product product();

    /// What the engine multiplies on: `cpu`; `gpu:0` and so on, for an engine with CUDA; `auto`: the first GPU
    /// where there is one.
    @WithDefault("cpu")
    String device();

    /// Ways to multiply.
    enum Product {
        /// Whichever of the engine's two is faster on this processor; on a GPU `FLOAT32`.
        AUTO,
        /// PyTorch's native library by bytes, added up in int32; on the processor alone, and fast where it has
        /// instructions for that (VNNI).
        INT8,
        /// PyTorch's native library by float32.
        FLOAT32,
        /// Java alone, where that library does not run: some 30 times slower than `FLOAT32`.
        PLAIN
    }

    /// @return bytes that a search may hold
    default long memoryBytes() {
        long most = 2L << 30;
        long machine = ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
                .getTotalMemorySize();
        long allowed = memory().map(MemorySize::asLongValue).orElse(Math.min(machine / 4, most));
        return Math.min(allowed, Runtime.getRuntime().maxMemory() / 10 * 7);
    }

    /// @return threads of a search
    default int threadCount() {
        return threads().orElse(Runtime.getRuntime().availableProcessors());
    }
}
