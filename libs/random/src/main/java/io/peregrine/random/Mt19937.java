package io.peregrine.random;

/// The Mersenne Twister, identical to numpy's legacy `RandomState(seed)`.
///
/// All random numbers of Peregrine come from it, so that a Python user can reproduce them with `randint`,
/// `random_sample` and `permutation` of `numpy.random.RandomState`. Matsumoto and Nishimura, "Mersenne Twister: a
/// 623-dimensionally equidistributed uniform pseudorandom number generator", 1998. Not thread-safe.
public final class Mt19937 {
    private static final int WORDS = 624;
    private static final int MIDDLE = 397;
    private static final int TWIST = 0x9908b0df;
    private static final int UPPER_BIT = 0x80000000;
    private static final int LOWER_BITS = 0x7fffffff;

    private final int[] state = new int[WORDS];
    private int position = WORDS;

    /// Seeds like `init_genrand`, as numpy does for an integer seed; neither `init_by_array` nor `SeedSequence`.
    ///
    /// @param seed 0 to 4,294,967,295
    /// @throws IllegalArgumentException outside that range
    public Mt19937(long seed) {
        if (seed < 0 || seed > 0xffff_ffffL) {
            throw new IllegalArgumentException("Seed " + seed + " is out of range; it must be from 0 to 4294967295");
        }
        state[0] = (int) seed;
        for (int i = 1; i < WORDS; i++) {
            state[i] = 1_812_433_253 * (state[i - 1] ^ (state[i - 1] >>> 30)) + i;
        }
    }

    /// @return the next 32 bits; interpret them as unsigned
    public int nextInt() {
        if (position == WORDS) {
            refill();
        }
        int word = state[position++];
        word ^= word >>> 11;
        word ^= (word << 7) & 0x9d2c5680;
        word ^= (word << 15) & 0xefc60000;
        return word ^ (word >>> 18);
    }

    /// Like `randint(0, high)`: masked rejection, one word per try; `high == 1` consumes none.
    ///
    /// @param high 1 to 2³²
    /// @return 0 to high − 1
    public long below(long high) {
        if (high < 1 || high > 1L << 32) {
            throw new IllegalArgumentException("Bound " + high + " is out of range; it must be from 1 to 4294967296");
        }
        long greatest = high - 1;
        if (greatest == 0) {
            return 0;
        }
        long mask = (Long.highestOneBit(greatest) << 1) - 1;
        long value;
        do {
            value = nextInt() & mask;
        } while (value > greatest);
        return value;
    }

    /// Like `random_sample()`: 53 bits from two words.
    ///
    /// @return in [0, 1)
    public double uniform() {
        long high = nextInt() >>> 5;
        long low = nextInt() >>> 6;
        return (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0;
    }

    /// Like `permutation(n)`: Fisher–Yates from the top.
    ///
    /// @return each of 0 to n − 1 once
    public int[] permutation(int n) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            order[i] = i;
        }
        for (int i = n - 1; i > 0; i--) {
            int j = (int) below(i + 1L);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        return order;
    }

    private void refill() {
        for (int i = 0; i < WORDS; i++) {
            int mixed = (state[i] & UPPER_BIT) | (state[(i + 1) % WORDS] & LOWER_BITS);
            int twisted = (mixed & 1) == 0 ? mixed >>> 1 : (mixed >>> 1) ^ TWIST;
            state[i] = state[(i + MIDDLE) % WORDS] ^ twisted;
        }
        position = 0;
    }
}
