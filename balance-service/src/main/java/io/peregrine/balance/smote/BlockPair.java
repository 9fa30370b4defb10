package io.peregrine.balance.smote;

/// All products of two parts of a tile; of a part with itself those on and right of the diagonal.
///
/// @param row first of the left part's images, by place in the class
/// @param rows of the left part
/// @param column first of the right part's
/// @param columns of the right part
/// @param rowSquares Σ (x − 128)² of the left side's images, the part's from `rowSquaresFrom` on
/// @param columnSquares the same of the right side
record BlockPair(
        int row,
        int rows,
        int column,
        int columns,
        Accumulator sums,
        long[] rowSquares,
        int rowSquaresFrom,
        long[] columnSquares,
        int columnSquaresFrom) {

    /// @return squared distance of the left part's i-th image and the right part's j-th: |a|² + |b|² − 2ab
    long distance(int i, int j) {
        long inner = row == column ? sums.at(Math.min(i, j), Math.max(i, j)) : sums.at(i, j);
        return rowSquares[rowSquaresFrom + i] + columnSquares[columnSquaresFrom + j] - 2 * inner;
    }
}
