package io.peregrine.vision.optim;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.vision.engine.FloatKernels;

/// The values that one Adam step uses for all weights, on any device: PyTorch's β1, β2 and ε, the step's number,
/// and the scheduled learning rate.
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

    void begin(double lrFactor) {
        steps++;
        now = rate * lrFactor;
    }

    /// @return number of steps, including the current one
    long steps() {
        return steps;
    }

    /// @return learning rate of the current step
    double rate() {
        return now;
    }

    /// @param dimensions dimensions of the tensor; biases and scales of norms have one and do not decay
    /// @return share of a weight that a step at learning rate 1 subtracts
    double decay(int dimensions) {
        return dimensions > 1 ? decay : 0;
    }

    /// @param clipFactor factor of all gradients
    FloatKernels.AdamStep step(int dimensions, double clipFactor) {
        return new FloatKernels.AdamStep(
                (float) clipFactor,
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
