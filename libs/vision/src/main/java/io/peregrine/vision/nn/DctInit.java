package io.peregrine.vision.nn;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// The lowest frequencies of a grid of values: the two-dimensional discrete cosine transform (DCT-II,
/// orthonormal). They approximate the principal components of images without any training data (Ahmed, Natarajan,
/// Rao, "Discrete Cosine Transform", 1974).
final class DctInit {
    private record Wave(int channel, int down, int across) {
        /// Images contain less energy in higher frequencies, and less in colours than in brightness.
        private double rarity() {
            return (1.0 + down * down + across * across) * RARITY[Math.min(channel, RARITY.length - 1)];
        }
    }

    /// Factors for brightness, for two colour differences, and for all other channels.
    private static final double[] RARITY = {1, 12, 12, 1e9};

    private final double[][] cosine;
    private final List<Wave> waves;

    /// @param channels first brightness, then two colour differences, then any others
    /// @param grid positions along a side
    /// @param most wanted number of waves; fewer if there are not that many
    DctInit(int channels, int grid, int most) {
        cosine = new double[grid][grid];
        for (int wave = 0; wave < grid; wave++) {
            for (int place = 0; place < grid; place++) {
                // StrictMath gives the same bits on every machine.
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

    /// @return value of a wave at a position; 0 in channels other than its own, and beyond the last wave
    double at(int wave, int channel, int down, int across) {
        if (wave >= waves.size() || waves.get(wave).channel != channel) {
            return 0;
        }
        return cosine[waves.get(wave).down][down] * cosine[waves.get(wave).across][across];
    }
}
