package io.peregrine.balance;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.OptionalInt;

/// What the balance service is told.
@ConfigMapping(prefix = "peregrine.balance")
public interface BalanceConfig {
    /// Rows and columns of a tile of the distance matrix. Memory of a search is 25 · tileRows² + 8,192 · tileRows
    /// bytes
    /// for each thread: 11 MB. Smaller tiles read each picture more often; a class of n pictures is read some
    /// n / (2 · tileRows) times.
    @WithDefault("512")
    int tileRows();

    /// Threads of one neighbour search. As many as there are cores, when left out.
    OptionalInt threads();
}
