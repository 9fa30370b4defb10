package io.peregrine.trainer.run;

import com.sun.management.OperatingSystemMXBean;
import io.peregrine.events.FailureException;
import io.peregrine.events.RunSpec.TrainSpec;
import io.peregrine.vision.Parameter;
import io.peregrine.vision.ResNet;
import io.peregrine.vision.ResNetAutoencoder;
import io.peregrine.vision.SeedAutoencoder;
import io.peregrine.vision.SeedCnn;
import io.peregrine.vision.TrainableNetwork;
import java.lang.management.ManagementFactory;
import java.util.Arrays;

/// How much memory a training takes on the processor, so that one that does not fit is refused with a sentence.
/// Without that the system kills the process again and again, and every other run with it.
public final class TrainingMemory {
    /// The engine itself, once it has computed.
    private static final long ENGINE = 150L << 20;

    /// Weights, gradients and Adam's two moments, float32 each.
    private static final int BYTES_OF_A_PARAMETER = 4 * Float.BYTES;

    private TrainingMemory() {}

    /// Memory for each pixel of a batch: what the backward pass needs of every layer. Peak resident memory of a
    /// step with batches of 8 less that with batches of 4, at side 256, and 5 percent.
    private static long bytesOfAPixel(TrainableNetwork network) {
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
        return fixed(network) + batchSize * ofAnImage(network, side);
    }

    private static long fixed(TrainableNetwork network) {
        long parameters = network.parameters().stream()
                .map(Parameter::shape)
                .mapToLong(shape -> Arrays.stream(shape).reduce(1, (a, b) -> a * b))
                .sum();
        return ENGINE + parameters * BYTES_OF_A_PARAMETER;
    }

    private static long ofAnImage(TrainableNetwork network, int side) {
        return bytesOfAPixel(network) * side * side;
    }

    /// @param available bytes that this process may take outside Java's heap
    /// @throws Failure INPUT `TRAINING_TOO_LARGE`, with the largest batch size that fits
    public static void mustFit(TrainableNetwork network, TrainSpec spec, int side, long available) {
        long needed = bytes(network, spec.batchSize(), side);
        if (needed <= available) {
            return;
        }
        long fitting = (available - fixed(network)) / ofAnImage(network, side);
        throw FailureException.input(
                "TRAINING_TOO_LARGE",
                "training %s with batches of %d images of side %d takes some %,d MB of memory, and this trainer has %,d MB: %s"
                        .formatted(
                                spec.preset(),
                                spec.batchSize(),
                                side,
                                needed >> 20,
                                available >> 20,
                                fitting >= 1
                                        ? "say a batchSize up to %d, or a smaller image.side".formatted(fitting)
                                        : "say a smaller image.side"));
    }

    /// @return bytes of memory that the machine or container has beside Java's heap
    public static long available() {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return system.getTotalMemorySize() - Runtime.getRuntime().maxMemory();
    }
}
