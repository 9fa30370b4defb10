package io.peregrine.balance.smote;

import io.peregrine.vision.MatrixProduct;
import io.peregrine.vision.MatrixProduct.Block;

/// One block of a part's images. Its products with itself are symmetric: those of the upper half with all, and
/// of the lower half with itself, are all of them, in three quarters of the work.
///
/// @param rows images
/// @param upper the first rows, half of them or one more
/// @param lower the others; null of a single row
record RowBlock(int rows, Block all, Block upper, Block lower) {
    static RowBlock of(MatrixProduct product, int rows) {
        Block all = product.block(rows);
        int half = upperRows(rows);
        return new RowBlock(rows, all, all.rows(0, half), half < rows ? all.rows(half, rows) : null);
    }

    private static int upperRows(int rows) {
        return rows - rows / 2;
    }

    /// @return multiply-adds of one dimension of a part with itself
    static long symmetricProducts(int rows) {
        long half = upperRows(rows);
        return half * rows + (rows - half) * (rows - half);
    }

    /// Adds a block's products of two parts; of a part with itself those on and right of the diagonal, the rest
    /// may stay 0.
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
