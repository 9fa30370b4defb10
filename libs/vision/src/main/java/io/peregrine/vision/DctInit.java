package io.peregrine.vision;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// The slowest waves of a grid of values: the two-dimensional cosine transform (DCT-II, orthonormal), which comes
/// near to the principal components of images without having seen any (Ahmed, Natarajan, Rao, "Discrete Cosine
/// Transform", 1974).
final class DctInit {
    private record Wave(int channel, int down, int across) {
        /// Images have less of a wave the faster it is, and less of colours than of brightness.
        private double rarity() {
            return (1.0 + down * down + across * across) * RARITY[Math.min(channel, RARITY.length - 1)];
        }
    }

    /// Of brightness, of two differences of colours, and of whatever else.
    private static final double[] RARITY = {1, 12, 12, 1e9};

    private final double[][] cosine;
    private final List<Wave> waves;

    /// @param channels first brightness, then two differences of colours, then anything
    /// @param grid places along a side
    /// @param most how many waves are wanted; there may be fewer
    DctInit(int channels, int grid, int most) {
        cosine = new double[grid][grid];
        for (int wave = 0; wave < grid; wave++) {
            for (int place = 0; place < grid; place++) {
                // StrictMath: the same bits on every machine.
                cosine[wave][place] = StrictMath.cos(Math.PI * (2 * place + 1) * wave / (2 * grid))
                        * Math.sqrt((wave == 0 ? 1.0 : 2.0) / grid);
            }
        }
        waves = IntStream.range(0, channels * grid * grid)
                .mapToObj(i -> new Wave(i / (grid * grid), i / grid % grid, i % grid))
                .sorted(Comparator.comparingDouble(Wave::rarity))
                .limit(most)
                .toList();
    }

    /// @return what a wave has at a place; 0 in other channels than its own, and where there are no more waves
    double at(int wave, int channel, int down, int across) {
        if (wave >= waves.size() || waves.get(wave).channel != channel) {
            return 0;
        }
        return cosine[waves.get(wave).down][down] * cosine[waves.get(wave).across][across];
    }
}
