package io.peregrine.vision;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;

/// What a step of Adam has in common for all weights, wherever they lie: PyTorch's β1, β2 and ε, the number of the
/// step, and what a schedule and the gradients' norm make of it.
final class AdamCourse {
    private static final String STEPS = "adam.steps";
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final float EPSILON = 1e-8f;

    private final double rate;
    private final double decay;
    private long steps;
    private double share = 1;
    private double shortening = 1;

    AdamCourse(double rate, double decay) {
        this.rate = rate;
        this.decay = decay;
    }

    void begin(double rateShare, double shortened) {
        steps++;
        share = rateShare;
        shortening = shortened;
    }

    /// @param dimensions of the weights; biases and the scales of norms have one, and keep all
    Floats.AdamStep step(int dimensions) {
        boolean decays = dimensions > 1;
        double now = rate * share;
        return new Floats.AdamStep(
                (float) shortening,
                (float) (1 - (decays ? now * decay : 0)),
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
