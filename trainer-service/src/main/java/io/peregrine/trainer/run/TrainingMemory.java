package io.peregrine.trainer.run;

import com.sun.management.OperatingSystemMXBean;
import io.peregrine.events.FailureException;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.vision.nn.Parameter;
import io.peregrine.vision.nn.ResNet;
import io.peregrine.vision.nn.ResNetAutoencoder;
import io.peregrine.vision.nn.SeedAutoencoder;
import io.peregrine.vision.nn.SeedCnn;
import io.peregrine.vision.nn.TrainableNetwork;
import java.lang.management.ManagementFactory;
import java.util.Arrays;

/// Estimates the memory of a training on the CPU, so that one that does not fit fails with a clear message.
/// Otherwise the kernel would kill the process again and again, together with all other runs.
public final class TrainingMemory {
    /// The engine itself, after its first computation.
    private static final long ENGINE = 150L << 20;

    /// Weights, gradients and Adam's two moments, float32 each.
    private static final int BYTES_PER_PARAMETER = 4 * Float.BYTES;

    private TrainingMemory() {}

    /// Memory per pixel of a batch: what the backward pass keeps of every layer. Measured as the difference in
    /// peak resident memory between steps with batches of 8 and of 4 images of side 256, plus 5 percent.
    private static long bytesPerPixel(TrainableNetwork network) {
        return switch (network) {
            case SeedCnn cnn -> 350;
            case ResNet resnet -> 430;
            case SeedAutoencoder autoencoder -> 540;
            case ResNetAutoencoder autoencoder -> 220;
        };
    }

    /// @param side of the images
    /// @return bytes, outside Java's heap
    static long bytes(TrainableNetwork network, int batchSize, int side) {
        return fixed(network) + batchSize * bytesPerImage(network, side);
    }

    private static long fixed(TrainableNetwork network) {
        long parameters = network.parameters().stream()
                .map(Parameter::shape)
                .mapToLong(shape -> Arrays.stream(shape).reduce(1, (a, b) -> a * b))
                .sum();
        return ENGINE + parameters * BYTES_PER_PARAMETER;
    }

    private static long bytesPerImage(TrainableNetwork network, int side) {
        return bytesPerPixel(network) * side * side;
    }

    /// @param available bytes that this process may use outside Java's heap
    /// @throws FailureException INPUT `TRAINING_TOO_LARGE`, with the largest batch size that fits
    public static void mustFit(TrainableNetwork network, TrainSpec spec, int side, long available) {
        long needed = bytes(network, spec.batchSize(), side);
        if (needed <= available) {
            return;
        }
        long fitting = (available - fixed(network)) / bytesPerImage(network, side);
        throw FailureException.input(
                "TRAINING_TOO_LARGE",
                "training %s with batches of %d images of side %d needs about %,d MB of memory; this trainer has %,d MB: %s"
                        .formatted(
                                spec.preset(),
                                spec.batchSize(),
                                side,
                                needed >> 20,
                                available >> 20,
                                fitting >= 1
                                        ? "use a batchSize of at most %d, or a smaller image.side".formatted(fitting)
                                        : "use a smaller image.side"));
    }

    /// @return bytes of memory that the machine or container has besides Java's heap
    public static long available() {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return system.getTotalMemorySize() - Runtime.getRuntime().maxMemory();
    }
}
