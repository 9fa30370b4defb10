package io.peregrine.balance.neighbours;

/// All inner products of two parts of a tile. For a part with itself only those on and right of the diagonal.
///
/// @param row position of the left part's first image in the class
/// @param rows of the left part
/// @param column position of the right part's first image in the class
/// @param columns of the right part
/// @param rowSquares Σ (x − 128)² of the images on the left side; the part's begin at `rowSquaresFrom`
/// @param columnSquares the same for the right side
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

    /// @return squared distance between the left part's i-th image and the right part's j-th: |a|² + |b|² − 2ab
    long distance(int i, int j) {
        long inner = row == column ? sums.at(Math.min(i, j), Math.max(i, j)) : sums.at(i, j);
        return rowSquares[rowSquaresFrom + i] + columnSquares[columnSquaresFrom + j] - 2 * inner;
    }
}
