package io.peregrine.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// libs/testkit, which contains the golden vectors, compares the random numbers with numpy's. The lists here were
/// printed by numpy 2.4.6's `RandomState(seed).permutation(n)`.
class Mt19937Test {
    @Test
    void permutationsEqualNumpys() {
        assertThat(new Mt19937(42).permutation(10)).containsExactly(8, 1, 5, 0, 7, 2, 9, 4, 3, 6);
        assertThat(new Mt19937(4_294_967_295L).permutation(17))
                .containsExactly(8, 1, 5, 14, 10, 15, 16, 13, 11, 9, 6, 0, 4, 7, 12, 2, 3);
        assertThat(new Mt19937(0).permutation(1)).containsExactly(0);
        assertThat(new Mt19937(0).permutation(0)).isEmpty();
    }

    @Test
    void fullRangeDrawsTakeOneWordEach() {
        Mt19937 words = new Mt19937(5);
        Mt19937 draws = new Mt19937(5);
        for (int i = 0; i < 2_000; i++) {
            assertThat(draws.below(1L << 32)).isEqualTo(Integer.toUnsignedLong(words.nextInt()));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 4_294_967_296L})
    void refusesASeedThatNumpyRefuses(long seed) {
        assertThatThrownBy(() -> new Mt19937(seed))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0 to 4294967295")
                .hasMessageContaining(String.valueOf(seed));
    }

    @Test
    void rejectsABoundBelowOne() {
        assertThatThrownBy(() -> new Mt19937(0).below(0)).hasMessageContaining("1 to 4294967296");
    }
}
