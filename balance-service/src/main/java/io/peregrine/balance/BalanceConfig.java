package io.peregrine.balance;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/// Settings of the balance service.
@ConfigMapping(prefix = "peregrine.balance")
public interface BalanceConfig {
    /// Memory of one neighbour search, such as `512M`. It bounds the rows and columns of a tile of the distance
    /// matrix. Smaller tiles read each image more often. Default: a quarter of the machine's memory or 2 GiB,
    /// whichever is less. The limit is never above 70 % of the maximum heap, since a part of this memory is on
    /// the heap.
    Optional<MemorySize> memory();

    /// Threads of one neighbour search. Default: the number of cores.
    OptionalInt threads();

    /// Duration of the warm-up after start: a background search among blank images, so that the first run does
    /// not wait for JIT compilation. `0s` disables it.
    @WithDefault("2s")
    Duration warmup();

    /// Multiply-adds of one job. A class that takes more is split into several jobs, one per tile row, which
    /// replicas share. The default is some seconds on two fast cores.
    @WithDefault("2000000000000")
    long jobProducts();

    /// How long a neighbour search may hold a worker while another run waits.
    @WithDefault("30s")
    Duration slice();

    /// The matrix product implementation. All find the same neighbours, bit for bit.
    @WithDefault("auto")
    Product product();

    /// Device of the engine's products: `cpu`; `gpu:0` and so on, for an engine with CUDA; `auto` for the first
    /// GPU if there is one, otherwise the CPU.
    @WithDefault("cpu")
    String device();

    /// Matrix product implementations.
    enum Product {
        /// The faster one of the engine's two on this processor; on a GPU `FLOAT32`.
        AUTO,
        /// PyTorch's native library with bytes, accumulated in int32. CPU only; fast on processors with
        /// instructions for it (VNNI).
        INT8,
        /// PyTorch's native library with float32.
        FLOAT32,
        /// Plain Java, for platforms without that library: some 30 times slower than `FLOAT32`.
        PLAIN
    }

    /// @return bytes that a search may use
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
