package io.peregrine.balance.smote;

import io.peregrine.vision.MatrixProduct;
import io.peregrine.vision.MatrixProduct.Block;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// A class's pictures as blocks of centred floats.
final class CentredPictures {
    private static final int ROW_BYTES = MatrixProduct.VALUES * Float.BYTES;

    private final List<MemorySegment> pictures;
    private final int values;
    private final Centred centred = Centred.fastest();

    /// @param pictures u8 [values] each
    CentredPictures(List<MemorySegment> pictures, int values) {
        this.pictures = pictures;
        this.values = values;
    }

    /// @return blocks that a picture's values take; the last may be filled up with zeros
    int blocks() {
        return Math.ceilDiv(values, MatrixProduct.VALUES);
    }

    /// @return sums of nothing yet
    Sums sums(int part) {
        return new Sums(centred, part, blocks());
    }

    /// Writes one picture's values of one block.
    ///
    /// @param row of the block that is written
    /// @return Σ (x − 128)² of these values
    long fill(int picture, int number, Block block, int row) {
        long begin = (long) number * MatrixProduct.VALUES;
        int width = (int) Math.min(MatrixProduct.VALUES, values - begin);
        long at = (long) row * ROW_BYTES;
        long squares = (long) centred.centre(pictures.get(picture), begin, width, block.values(), at);
        if (width < MatrixProduct.VALUES) {
            // Nothing is left of the block that was here before.
            block.values()
                    .asSlice(at + (long) width * Float.BYTES, ROW_BYTES - (long) width * Float.BYTES)
                    .fill((byte) 0);
        }
        return squares;
    }
}
