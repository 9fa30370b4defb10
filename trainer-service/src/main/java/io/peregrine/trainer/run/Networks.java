package io.peregrine.trainer.run;

import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.vision.nn.ResNet;
import io.peregrine.vision.nn.ResNetAutoencoder;
import io.peregrine.vision.nn.SeedAutoencoder;
import io.peregrine.vision.nn.SeedCnn;
import io.peregrine.vision.nn.TrainableNetwork;

/// Networks by the preset of a specification.
public final class Networks {
    private Networks() {}

    /// @param side of the images
    /// @param classes at least 2; ignored for an autoencoder
    /// @param weights class weights in a classifier's loss; null if all are equal
    /// @throws IllegalArgumentException for an unknown preset, which the validation of a specification rejects
    public static TrainableNetwork of(TrainSpec spec, int side, int classes, float[] weights) {
        double smoothing = spec.options().labelSmoothing();
        return switch (spec.preset()) {
            case SeedCnn.PRESET -> new SeedCnn(side, classes, spec.dropout(), weights, smoothing);
            case ResNet.PRESET -> new ResNet(classes, spec.dropout(), weights, smoothing);
            case SeedAutoencoder.PRESET -> new SeedAutoencoder(side, spec.latent());
            case ResNetAutoencoder.PRESET -> new ResNetAutoencoder(side, spec.latent());
            default -> throw new IllegalArgumentException("unknown network '" + spec.preset() + "'");
        };
    }
}
