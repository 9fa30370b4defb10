package io.peregrine.balance.smote;

/// How large a class is and shall be.
///
/// @param label its index
/// @param real training images that it has
/// @param synthetic how many are to be made, of others or as repeats
/// @param dropped how many of the real ones are to be left out
public record ClassSize(int label, String name, long real, long synthetic, long dropped) {
    /// A class that keeps all that it has.
    public ClassSize(int label, String name, long real, long synthetic) {
        this(label, name, real, synthetic, 0);
    }

    /// @return images of the class in the balanced set
    public long rows() {
        return real + synthetic - dropped;
    }
}
