package io.peregrine.balance.smote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.artifacts.RecipeShard;
import io.peregrine.balance.neighbours.Neighbours;
import io.peregrine.random.Mt19937;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BalancedSetTest {
    private static final int REAL = 5_000;

    private static RecipeShard recipes(int label, int count, long firstOrdinal) {
        int[] rows = {7, 8, 9};
        return Recipes.draw(rows, new Neighbours(1, new int[] {1, 2, 0}, 0, 0), count, 42, label, firstOrdinal);
    }

    private static BalancedSet set(long seed) {
        int[] rows = IntStream.range(0, REAL).map(i -> 2 * i + 1).toArray();
        int[] labels = IntStream.range(0, REAL).map(i -> i / 2_500).toArray();
        return new BalancedSet(rows, labels, List.of(recipes(0, 3_000, REAL), recipes(1, 500, REAL + 3_000)), seed);
    }

    @Test
    void shardsAreFullButTheLastAndFollowNumpysPermutation() {
        BalancedSet set = set(42);
        assertThat(set.rows()).isEqualTo(8_500);
        assertThat(set.shards()).isEqualTo(3);
        assertThat(IntStream.range(0, 3).map(i -> set.shard(i).rows())).containsExactly(4_096, 4_096, 308);
        int[] order = new Mt19937(42).permutation(8_500);
        long[] ordinals = IntStream.range(0, 3)
                .mapToObj(set::shard)
                .flatMapToLong(shard -> Arrays.stream(shard.ordinal()))
                .toArray();
        assertThat(ordinals).isEqualTo(Arrays.stream(order).asLongStream().toArray());
    }

    @Test
    void aRealRowIsItsOwnNeighbourWithoutGapAndASyntheticOneIsItsRecipe() {
        BalancedSet set = set(7);
        RecipeShard second = recipes(1, 500, REAL + 3_000);
        for (int index = 0; index < set.shards(); index++) {
            RecipeShard shard = set.shard(index);
            for (int i = 0; i < shard.rows(); i++) {
                int ordinal = (int) shard.ordinal()[i];
                if (ordinal < REAL) {
                    assertThat(shard.base()[i]).isEqualTo(2L * ordinal + 1);
                    assertThat(shard.neighbour()[i]).isEqualTo(shard.base()[i]);
                    assertThat(shard.gap()[i]).isZero();
                    assertThat(shard.label()[i]).isEqualTo(ordinal / 2_500);
                } else if (ordinal >= REAL + 3_000) {
                    int at = ordinal - REAL - 3_000;
                    assertThat(shard.base()[i]).isEqualTo(second.base()[at]);
                    assertThat(shard.neighbour()[i]).isEqualTo(second.neighbour()[at]);
                    assertThat(shard.gap()[i]).isEqualTo(second.gap()[at]);
                    assertThat(shard.label()[i]).isEqualTo(1);
                }
            }
        }
    }

    @Test
    void recipesInAnotherOrderThanTheClassesAreRejected() {
        assertThatThrownBy(() -> new BalancedSet(new int[10], new int[10], List.of(recipes(1, 5, 13)), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ordinal 13 was found where 10 was expected");
    }
}
