package io.peregrine.vision;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;

/// What a step of Adam has in common for all weights, wherever they lie: PyTorch's β1, β2 and ε, the number of
/// the step, and what a schedule makes of it.
final class AdamSchedule {
    private static final String STEPS = "adam.steps";
    static final double BETA1 = 0.9;
    static final double BETA2 = 0.999;
    static final float EPSILON = 1e-8f;

    private final double rate;
    private final double decay;
    private long steps;
    private double now;

    AdamSchedule(double rate, double decay) {
        this.rate = rate;
        this.decay = decay;
    }

    void begin(double rateShare) {
        steps++;
        now = rate * rateShare;
    }

    /// @return steps, the present one included
    long steps() {
        return steps;
    }

    /// @return the present step's learning rate
    double rate() {
        return now;
    }

    /// @param dimensions of the weights; biases and the scales of norms have one, and keep all
    /// @return share of a weight that a step at learning rate 1 takes away
    double decay(int dimensions) {
        return dimensions > 1 ? decay : 0;
    }

    /// @param shortening what gradients are multiplied by
    FloatKernels.AdamStep step(int dimensions, double shortening) {
        return new FloatKernels.AdamStep(
                (float) shortening,
                (float) (1 - now * decay(dimensions)),
                (float) (1 - BETA1),
                (float) BETA2,
                (float) (1 - BETA2),
                (float) (now / (1 - Math.pow(BETA1, steps))),
                (float) Math.sqrt(1 - Math.pow(BETA2, steps)),
                EPSILON);
    }

    void write(SafetensorsWriter file) {
        file.metadata(STEPS, Long.toString(steps));
    }

    void read(Safetensors file) {
        steps = Long.parseLong(file.metadata().get(STEPS));
    }
}
