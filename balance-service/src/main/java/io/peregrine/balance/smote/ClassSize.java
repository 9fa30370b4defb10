package io.peregrine.balance.smote;

/// The present and planned size of a class.
///
/// @param label its index
/// @param real number of training images
/// @param synthetic number of images to be created, as blends or repeats
/// @param dropped number of real images to be left out
public record ClassSize(int label, String name, long real, long synthetic, long dropped) {
    /// A class that keeps all its images.
    public ClassSize(int label, String name, long real, long synthetic) {
        this(label, name, real, synthetic, 0);
    }

    /// @return images of the class in the balanced set
    public long rows() {
        return real + synthetic - dropped;
    }
}
