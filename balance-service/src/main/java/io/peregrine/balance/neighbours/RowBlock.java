package io.peregrine.balance.neighbours;

import io.peregrine.vision.engine.MatrixProduct;
import io.peregrine.vision.engine.MatrixProduct.Block;

/// One block of the images of a part. Its products with itself are symmetric. It suffices to multiply the upper
/// half with all, and the lower half with itself, which is three quarters of the work.
///
/// @param rows number of images
/// @param upper the first rows, half of them or one more
/// @param lower the other rows; null if there is only one row
record RowBlock(int rows, Block all, Block upper, Block lower) {
    static RowBlock of(MatrixProduct product, int rows) {
        Block all = product.block(rows);
        int half = upperRows(rows);
        return new RowBlock(rows, all, all.rows(0, half), half < rows ? all.rows(half, rows) : null);
    }

    private static int upperRows(int rows) {
        return rows - rows / 2;
    }

    /// @return multiply-adds per dimension of a part with itself
    static long symmetricProducts(int rows) {
        long half = upperRows(rows);
        return half * rows + (rows - half) * (rows - half);
    }

    /// Adds a block's products of two parts. For a part with itself only those on and right of the diagonal are
    /// needed; the others may remain 0.
    static void multiply(MatrixProduct product, RowBlock left, RowBlock right, Accumulator sums) {
        if (left != right) {
            product.multiply(left.all, right.all, sums::add);
        } else {
            product.multiply(left.upper, left.all, sums::add);
            if (left.lower != null) {
                int half = upperRows(left.rows);
                product.multiply(left.lower, left.lower, found -> sums.addCorner(found, half));
            }
        }
        sums.blockDone();
    }
}
