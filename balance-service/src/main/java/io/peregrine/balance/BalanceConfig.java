package io.peregrine.balance;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.OptionalInt;

/// What the balance service is told.
@ConfigMapping(prefix = "peregrine.balance")
public interface BalanceConfig {
    /// Rows and columns of a tile of the distance matrix, whose memory is 16 · tileRows² + 8,192 · tileRows
    /// bytes for each thread: 8 MB. Smaller tiles read each picture more often: of a class of n pictures,
    /// each some n / tileRows times.
    @WithDefault("512")
    int tileRows();

    /// Threads of one neighbour search. As many as there are cores, when left out.
    OptionalInt threads();

    /// What multiplies. Both find the same neighbours, bit for bit.
    @WithDefault("engine")
    Product product();

    /// Ways to multiply.
    enum Product {
        /// PyTorch's native library.
        ENGINE,
        /// Java alone, where that library does not run: some 30 times slower.
        PLAIN
    }
}
