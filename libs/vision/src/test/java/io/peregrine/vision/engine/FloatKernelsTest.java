package io.peregrine.vision.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FloatKernelsTest {
    private final Random random = new Random(3);

    @Test
    void vectorAdamGivesTheSameBitsAsPlainLoops() {
        // Odd length and odd range, to include the remainder after the last full vector.
        float[][] plain = {floats(1_003), floats(1_003), floats(1_003), floats(1_003)};
        for (int i = 0; i < plain[3].length; i++) {
            plain[3][i] *= plain[3][i];
        }
        plain[1][7] = 0;
        plain[3][7] = 0;
        float[][] vectors = {plain[0].clone(), plain[1].clone(), plain[2].clone(), plain[3].clone()};
        FloatKernels.AdamStep step = new FloatKernels.AdamStep(0.7f, 0.99f, 0.1f, 0.999f, 0.001f, 0.023f, 0.07f, 1e-8f);
        adam(new FloatKernels(), step, plain);
        adam(new VectorFloatKernels(), step, vectors);
        for (int tensor = 0; tensor < plain.length; tensor++) {
            assertThat(vectors[tensor]).containsExactly(plain[tensor]);
        }
        assertThat(FloatKernels.fastest()).isInstanceOf(VectorFloatKernels.class);
    }

    @Test
    void vectorsWidenEveryByteAsPlainLoops() {
        byte[] pixels = new byte[1_003];
        random.nextBytes(pixels);
        float[] plain = new float[1_005];
        float[] vectors = new float[1_005];
        new FloatKernels().widen(MemorySegment.ofArray(pixels), MemorySegment.ofArray(plain), 8);
        new VectorFloatKernels().widen(MemorySegment.ofArray(pixels), MemorySegment.ofArray(vectors), 8);
        assertThat(vectors).containsExactly(plain);
        assertThat(plain[2]).isEqualTo(pixels[0] & 0xff);
        assertThat(plain[1_004]).isEqualTo(pixels[1_002] & 0xff);
    }

    private static void adam(FloatKernels floats, FloatKernels.AdamStep step, float[][] tensors) {
        floats.adam(
                step,
                MemorySegment.ofArray(tensors[0]),
                MemorySegment.ofArray(tensors[1]),
                MemorySegment.ofArray(tensors[2]),
                MemorySegment.ofArray(tensors[3]),
                1,
                1_002);
    }

    private float[] floats(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
