package io.peregrine.balance.neighbours;

import io.peregrine.events.FailureException;
import io.peregrine.vision.engine.MatrixProduct.Element;
import java.util.ArrayList;
import java.util.List;

/// How the distance matrix of a class is divided. Tiles bound the working memory. The sides of a tile are divided
/// into parts, whose products threads multiply concurrently. The result is the same for every tiling.
///
/// @param count number of images in the class
/// @param part rows of a part; the last part of the class has fewer
/// @param side number of parts along a tile's side; the last tiles of the class have fewer
public record Tiling(int count, int part, int side) {
    /// Values of a row that are centred at a time: one page of a mapped file.
    static final int CHUNK = 4_096;
    /// Number of values whose products fit into an int: 122,880 · 2¹⁴ < 2³¹. A multiple of the block width of
    /// every element type.
    static final int FLUSH = 122_880;

    /// The unit of work, for any implementation: the dimensions of a float32 block.
    private static final int VALUES = Element.FLOAT32.width();

    /// The engine's product reaches nearly full speed from some 256 rows on, with bytes from some 384. Larger
    /// parts waste more: on the diagonal a quarter of the products is computed twice, which matters if there are
    /// few other pairs.
    private static final int MOST_PART = 384;

    private static final int MOST_PART_OF_FEW = 256;
    /// Engines multiply rows in groups of eight: 253 rows take a seventh longer than 256.
    private static final int ROWS = 8;

    private static final int FEWEST_PART = 96;
    /// If a class fits one tile and has at most this many images, each thread multiplies its own blocks.
    private static final int BLOCKED_MAX = 1_024;
    private static final int TINY_PART = 8;
    private static final int TASKS_OF_A_THREAD = 3;

    public Tiling {
        if (count < 1 || part < 1 || side < 1) {
            throw new IllegalArgumentException("invalid tiling: " + count + " images, parts of " + part + ", " + side);
        }
    }

    /// Position of a tile in the distance matrix. Of each tile and its mirror image only one is computed.
    public record Tile(int row, int column) {}

    /// Returns the tiling that keeps all threads busy within the allowed memory.
    ///
    /// @param values of an image
    /// @param memory bytes of the search, including engine and heap
    /// @throws FailureException INPUT `MEMORY_TOO_SMALL` if not even tiles of 8 rows fit
    public static Tiling of(int count, int values, int k, int threads, long memory) {
        int wanted = 1;
        while (wanted * (wanted + 1) / 2 < TASKS_OF_A_THREAD * threads) {
            wanted++;
        }
        int parts = Math.ceilDiv(count, count > BLOCKED_MAX ? MOST_PART : MOST_PART_OF_FEW);
        if (count > BLOCKED_MAX) {
            parts = Math.max(parts, Math.min(wanted, count / FEWEST_PART));
        }
        int side = Math.max(wanted, (int) Math.ceil(Math.sqrt(16.0 * threads)));
        Tiling tiling = balanced(count, parts, side);
        while (tiling.bytes(values, k, threads) > memory) {
            if (tiling.side > 1) {
                side = tiling.side - 1;
            } else if (tiling.part > TINY_PART) {
                parts = Math.ceilDiv(count, Math.max(TINY_PART, tiling.part / 2));
            } else {
                throw FailureException.input(
                        "MEMORY_TOO_SMALL",
                        "a search among %,d images with %,d neighbours needs at least %,d bytes, but peregrine.balance.memory allows %,d; increase it, or use fewer neighbours"
                                .formatted(count, k, tiling.bytes(values, k, threads), memory));
            }
            tiling = balanced(count, parts, side);
        }
        return tiling;
    }

    /// Makes parts and tiles equally large, so that none has only a few rows. Parts that are too small to benefit
    /// are not rounded.
    private static Tiling balanced(int count, int parts, int side) {
        int tiles = Math.ceilDiv(parts, Math.min(side, parts));
        int even = Math.ceilDiv(parts, tiles);
        int part = Math.ceilDiv(count, tiles * even);
        return new Tiling(count, part < FEWEST_PART ? part : Math.ceilDiv(part, ROWS) * ROWS, even);
    }

    /// @return maximum bytes of a search: blocks, sums, products and the nearest rows found
    public long bytes(int values, int k, int threads) {
        long rows = Math.min((long) side * part, count);
        boolean flushes = values > FLUSH;
        long sums = (long) pairs() * part * part * (Integer.BYTES + (flushes ? Long.BYTES : 0));
        long block = rows * Element.FLOAT32.rowBytes();
        long products = 2L * threads * part * part * Float.BYTES;
        long held = fitsOneTile() ? threads * (block + sums) : 2 * 2 * (CHUNK / VALUES) * block + sums;
        return held + products + NearestRows.bytes(count, k + 2);
    }

    /// @return whether each thread multiplies its own blocks ([BlockedGram]) instead of sharing pairs of parts
    ///     ([TiledGram])
    boolean fitsOneTile() {
        return tiles() == 1 && count <= BLOCKED_MAX;
    }

    /// @return number of pairs of parts in the largest tile; a tile on the diagonal has only those on and above
    ///     it
    int pairs() {
        int most = Math.min(side, parts());
        return tiles() == 1 ? most * (most + 1) / 2 : most * most;
    }

    /// @return the pairs of parts of a tile, [left, right]; on the diagonal only those on and above it
    List<int[]> pairsOf(Tile tile) {
        List<int[]> pairs = new ArrayList<>();
        for (int left = 0; left < partsOf(tile.row()); left++) {
            for (int right = tile.row() == tile.column() ? left : 0; right < partsOf(tile.column()); right++) {
                pairs.add(new int[] {left, right});
            }
        }
        return pairs;
    }

    /// @param parts one of the tile's pairs
    /// @param rowSquares of the tile's left side, starting with its first row
    /// @param columnSquares of its right side
    BlockPair partPair(Tile tile, int[] parts, Accumulator sums, long[] rowSquares, long[] columnSquares) {
        int row = parts[0] * part;
        int column = parts[1] * part;
        return new BlockPair(
                firstRow(tile.row()) + row,
                Math.min(part, rows(tile.row()) - row),
                firstRow(tile.column()) + column,
                Math.min(part, rows(tile.column()) - column),
                sums,
                rowSquares,
                row,
                columnSquares,
                column);
    }

    /// @return number of parts of the class
    int parts() {
        return Math.ceilDiv(count, part);
    }

    /// @return number of tiles along the side of the matrix
    public int tiles() {
        return Math.ceilDiv(parts(), side);
    }

    /// @return first row of a tile
    int firstRow(int tile) {
        return Math.min(count, tile * side * part);
    }

    /// @return number of rows of a tile
    int rows(int tile) {
        return firstRow(tile + 1) - firstRow(tile);
    }

    /// @return number of parts along a side of a tile
    int partsOf(int tile) {
        return Math.ceilDiv(rows(tile), part);
    }

    /// @return every tile of the symmetric matrix once, column by column, so that the rows of a column are read
    ///     only once
    public List<Tile> all() {
        List<Tile> all = new ArrayList<>();
        for (int column = 0; column < tiles(); column++) {
            all.add(new Tile(column, column));
            for (int row = 0; row < column; row++) {
                all.add(new Tile(row, column));
            }
        }
        return all;
    }

    /// The share of one tile row in the symmetric matrix: from the diagonal half-way around. All rows have the
    /// same work, and together they contain each tile or its mirror image exactly once.
    ///
    /// @param row 0 to tiles − 1
    public List<Tile> ofRow(int row) {
        int tiles = tiles();
        List<Tile> share = new ArrayList<>();
        for (int step = 0; step <= tiles / 2; step++) {
            boolean opposite = step > 0 && 2 * step == tiles;
            if (!opposite || row < step) {
                share.add(new Tile(row, (row + step) % tiles));
            }
        }
        return share;
    }

    /// @return multiply-adds of a tile; on the diagonal only the pairs on and above it count, and a part with
    ///     itself counts three quarters
    public long products(Tile tile, int values) {
        long blocks = Math.ceilDiv(values, VALUES);
        long rows = partsOf(tile.row());
        boolean diagonal = tile.row() == tile.column();
        long symmetric = diagonal ? rows : 0;
        long pairs = diagonal ? rows * (rows - 1) / 2 : rows * partsOf(tile.column());
        long each = pairs * part * part + symmetric * RowBlock.symmetricProducts(part);
        return each * blocks * VALUES;
    }

    /// @return multiply-adds of the whole search
    public long products(int values) {
        return all().stream().mapToLong(tile -> products(tile, values)).sum();
    }
}
