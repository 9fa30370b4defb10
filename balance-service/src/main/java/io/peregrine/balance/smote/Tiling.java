package io.peregrine.balance.smote;

import io.peregrine.events.FailureException;
import io.peregrine.vision.MatrixProduct.Element;
import java.util.ArrayList;
import java.util.List;

/// How a class's matrix of distances is cut: into tiles, whose working memory is held at once, and each tile's
/// sides into parts, whose products threads multiply side by side. The result is the same for every tiling.
///
/// @param count images of the class
/// @param part rows of a part; the class's last has fewer
/// @param side parts along a tile's side; the class's last tiles have fewer
public record Tiling(int count, int part, int side) {
    /// Values centred at a time: one page of a mapped file for each row.
    static final int CHUNK = 4_096;
    /// Values whose products fit into an int: 122,880 · 2¹⁴ < 2³¹. Whole blocks of every element.
    static final int FLUSH = 122_880;

    /// What work is counted in, whatever multiplies: a block's dimensions of float32.
    private static final int VALUES = Element.FLOAT32.width();

    /// An engine's product is at nearly full speed from some 256 rows on, of bytes from some 384. Larger parts
    /// waste more: of those on the diagonal a quarter is multiplied twice, which matters where there are few
    /// others.
    private static final int MOST_PART = 384;

    private static final int MOST_PART_OF_FEW = 256;
    /// Engines multiply rows by eights: 253 take a seventh longer than 256.
    private static final int ROWS = 8;

    private static final int FEWEST_PART = 96;
    /// A class of one tile of so many images has its threads multiply blocks of their own.
    private static final int BY_DEPTH = 1_024;
    private static final int TINY_PART = 8;
    private static final int TASKS_OF_A_THREAD = 3;

    public Tiling {
        if (count < 1 || part < 1 || side < 1) {
            throw new IllegalArgumentException("no tiling: " + count + " images, parts of " + part + ", " + side);
        }
    }

    /// A place in the matrix of distances, in tiles; on or right of the diagonal, or one of a pair with its
    /// mirror.
    public record Tile(int row, int column) {}

    /// The tiling that keeps all threads busy in the memory allowed.
    ///
    /// @param values of an image
    /// @param memory bytes of the search, engine and heap together
    /// @throws Failure INPUT `MEMORY_TOO_SMALL`, if not even tiles of 8 rows fit
    public static Tiling of(int count, int values, int k, int threads, long memory) {
        int wanted = 1;
        while (wanted * (wanted + 1) / 2 < TASKS_OF_A_THREAD * threads) {
            wanted++;
        }
        int parts = Math.ceilDiv(count, count > BY_DEPTH ? MOST_PART : MOST_PART_OF_FEW);
        if (count > BY_DEPTH) {
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
                        "a search among %,d images with %,d neighbours takes at least %,d bytes, and peregrine.balance.memory allows %,d; allow more, or ask for fewer neighbours"
                                .formatted(count, k, tiling.bytes(values, k, threads), memory));
            }
            tiling = balanced(count, parts, side);
        }
        return tiling;
    }

    /// Equal parts and equal tiles: none is left with a few rows. Parts too small for it to matter keep their
    /// rows.
    private static Tiling balanced(int count, int parts, int side) {
        int tiles = Math.ceilDiv(parts, Math.min(side, parts));
        int even = Math.ceilDiv(parts, tiles);
        int part = Math.ceilDiv(count, tiles * even);
        return new Tiling(count, part < FEWEST_PART ? part : Math.ceilDiv(part, ROWS) * ROWS, even);
    }

    /// @return bytes that a search holds at most: blocks, sums, products and the nearest rows found
    public long bytes(int values, int k, int threads) {
        long rows = Math.min((long) side * part, count);
        boolean flushes = values > FLUSH;
        long sums = (long) pairs() * part * part * (Integer.BYTES + (flushes ? Long.BYTES : 0));
        long block = rows * Element.FLOAT32.rowBytes();
        long products = 2L * threads * part * part * Float.BYTES;
        long held = fitsOneTile() ? threads * (block + sums) : 2 * 2 * (CHUNK / VALUES) * block + sums;
        return held + products + NearestRows.bytes(count, k + 2);
    }

    /// @return whether each thread takes blocks of all images ([BlockedGram]), rather than pairs of parts ([TiledGram])
    boolean fitsOneTile() {
        return tiles() == 1 && count <= BY_DEPTH;
    }

    /// @return pairs of parts in the largest tile; one on the diagonal has only those on and above it
    int pairs() {
        int most = Math.min(side, parts());
        return tiles() == 1 ? most * (most + 1) / 2 : most * most;
    }

    /// @return a tile's pairs of parts, [left, right]; on the diagonal those on and above it
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
    /// @param rowSquares of the tile's left side, from its first row on
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

    /// @return parts of the class
    int parts() {
        return Math.ceilDiv(count, part);
    }

    /// @return tiles along the matrix's side
    public int tiles() {
        return Math.ceilDiv(parts(), side);
    }

    /// @return first row of a tile
    int firstRow(int tile) {
        return Math.min(count, tile * side * part);
    }

    /// @return rows of a tile
    int rows(int tile) {
        return firstRow(tile + 1) - firstRow(tile);
    }

    /// @return parts of a tile's side
    int partsOf(int tile) {
        return Math.ceilDiv(rows(tile), part);
    }

    /// @return every tile of the symmetric matrix once, column by column: a column's rows are read just once
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

    /// A tile row's share of the symmetric matrix: from the diagonal on half-way around, so that all rows have
    /// the same work, and together all of it, each tile or its mirror once.
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

    /// @return multiply-adds that a tile takes: of a tile on the diagonal only the parts on and above it, of a
    ///     part with itself three quarters
    public long products(Tile tile, int values) {
        long blocks = Math.ceilDiv(values, VALUES);
        long rows = partsOf(tile.row());
        boolean diagonal = tile.row() == tile.column();
        long symmetric = diagonal ? rows : 0;
        long pairs = diagonal ? rows * (rows - 1) / 2 : rows * partsOf(tile.column());
        long each = pairs * part * part + symmetric * RowBlock.symmetricProducts(part);
        return each * blocks * VALUES;
    }

    /// @return multiply-adds that the whole search takes
    public long products(int values) {
        return all().stream().mapToLong(tile -> products(tile, values)).sum();
    }
}
