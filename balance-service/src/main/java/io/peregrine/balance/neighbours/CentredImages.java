package io.peregrine.balance.neighbours;

import io.peregrine.vision.engine.MatrixProduct.Block;
import io.peregrine.vision.engine.MatrixProduct.Element;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// A class's images as blocks of centred values.
final class CentredImages {
    private final List<MemorySegment> images;
    private final int values;
    private final Element element;
    private final PixelCentering centred = PixelCentering.fastest();

    /// @param images u8 [values] each
    /// @param element type of the blocks that are filled
    CentredImages(List<MemorySegment> images, int values, Element element) {
        this.images = images;
        this.values = values;
        this.element = element;
    }

    /// @return number of blocks per image; the last may be padded with zeros
    int blocks() {
        return Math.ceilDiv(values, element.width());
    }

    /// @return sums that are zero
    Accumulator sums(int part) {
        return new Accumulator(centred, element, part, blocks());
    }

    /// Writes the values of one image in one block.
    ///
    /// @param row of the block to be written
    /// @return Σ (x − 128)² of these values
    long fill(int image, int number, Block block, int row) {
        long begin = (long) number * element.width();
        int width = (int) Math.min(element.width(), values - begin);
        long at = (long) row * element.rowBytes();
        MemorySegment pixels = images.get(image);
        long squares = (long)
                switch (element) {
                    case FLOAT32 -> centred.centre(pixels, begin, width, block.values(), at);
                    case INT8 -> centred.centreBytes(pixels, begin, width, block.values(), at);
                };
        if (width < element.width()) {
            // Clears what remains from the previous block.
            long filled = (long) width * element.bytes();
            block.values().asSlice(at + filled, element.rowBytes() - filled).fill((byte) 0);
        }
        return squares;
    }
}
