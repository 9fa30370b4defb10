package io.peregrine.balance.neighbours;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.balance.neighbours.Tiling.Tile;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TilingTest {
    /// WikiArt's largest class at side 416, the large class of the benchmark, and small ones.
    @ParameterizedTest
    @CsvSource({"2269, 519168", "40000, 12288", "600, 27648", "97, 3", "2, 1"})
    void aTilingFitsTheAllowedMemory(int count, int values) {
        for (long memory : new long[] {2L << 30, 512L << 20, 64L << 20}) {
            for (int threads : new int[] {1, 2, 16}) {
                Tiling tiling = Tiling.of(count, values, 5, threads, memory);
                assertThat(tiling.bytes(values, 5, threads))
                        .as("%s in %,d bytes, %d threads", tiling, memory, threads)
                        .isLessThanOrEqualTo(memory);
                assertEveryPairOnce(tiling);
            }
        }
    }

    private static void assertEveryPairOnce(Tiling tiling) {
        Set<Tile> pairs = new HashSet<>();
        for (Tile tile : tiling.all()) {
            assertThat(pairs.add(new Tile(Math.min(tile.row(), tile.column()), Math.max(tile.row(), tile.column()))))
                    .isTrue();
        }
        assertThat(tiling.all()).hasSize(tiling.tiles() * (tiling.tiles() + 1) / 2);
        assertThat(tiling.firstRow(tiling.tiles())).isEqualTo(tiling.count());
    }

    @Test
    void aSearchThatDoesNotFitInSmallTilesFails() {
        assertThatThrownBy(() -> Tiling.of(40_000, 12_288, 5, 2, 1 << 20))
                .isInstanceOfSatisfying(FailureException.class, failure -> {
                    assertThat(failure.kind()).isEqualTo(FailureKind.INPUT);
                    assertThat(failure.code()).isEqualTo("MEMORY_TOO_SMALL");
                })
                .hasMessageContaining("40,000 images")
                .hasMessageContaining("peregrine.balance.memory allows 1,048,576");
    }
}
