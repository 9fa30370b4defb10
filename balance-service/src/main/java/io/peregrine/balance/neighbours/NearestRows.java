package io.peregrine.balance.neighbours;

import java.nio.ByteBuffer;

/// The nearest rows of each row found so far, by (distance, row). Candidates may be offered in any order, each
/// once. Not thread-safe for the same row.
final class NearestRows {
    private final int rows;
    private final int kept;
    /// [rows, kept], ascending; only the first `size` of a row are set
    private final long[] distance;
    private final int[] nearest;
    private final int[] size;

    /// @param kept number of nearest rows that are kept for each row
    NearestRows(int rows, int kept) {
        this.rows = rows;
        this.kept = kept;
        this.distance = new long[Math.multiplyExact(rows, kept)];
        this.nearest = new int[rows * kept];
        this.size = new int[rows];
    }

    static long bytes(long rows, long kept) {
        return rows * (Integer.BYTES + kept * (Long.BYTES + Integer.BYTES));
    }

    void offer(int row, int candidate, long distanceTo) {
        int from = row * kept;
        int at = from + size[row];
        if (size[row] == kept) {
            at--;
            if (!isNearer(distanceTo, candidate, at)) {
                return;
            }
        } else {
            size[row]++;
        }
        for (; at > from && isNearer(distanceTo, candidate, at - 1); at--) {
            distance[at] = distance[at - 1];
            nearest[at] = nearest[at - 1];
        }
        distance[at] = distanceTo;
        nearest[at] = candidate;
    }

    private boolean isNearer(long distanceTo, int candidate, int at) {
        return distanceTo < distance[at] || (distanceTo == distance[at] && candidate < nearest[at]);
    }

    /// @return the k nearest of each row without the first, and the number of rows that tie at or before rank k +
    ///     1
    Neighbours dropSelf(int k) {
        int[] others = new int[rows * k];
        long tied = 0;
        long duplicates = 0;
        for (int row = 0; row < rows; row++) {
            int from = row * kept;
            System.arraycopy(nearest, from + 1, others, row * k, k);
            boolean tie = false;
            for (int rank = 1; rank < size[row]; rank++) {
                tie |= distance[from + rank - 1] == distance[from + rank];
            }
            tied += tie ? 1 : 0;
            // The nearest is at distance 0: the row itself or a duplicate. The second is at 0 only if there is a
            // duplicate.
            duplicates += size[row] > 1 && distance[from + 1] == 0 ? 1 : 0;
        }
        return new Neighbours(k, others, tied, duplicates);
    }

    /// @return the state of some rows, for [#merge]
    byte[] save(int from, int to) {
        ByteBuffer bytes = ByteBuffer.allocate((int) bytes(to - from, kept));
        for (int row = from; row < to; row++) {
            bytes.putInt(size[row]);
            for (int at = row * kept; at < (row + 1) * kept; at++) {
                bytes.putLong(distance[at]).putInt(nearest[at]);
            }
        }
        return bytes.array();
    }

    /// Merges what another search of the same class found for some rows.
    ///
    /// @param saved by [#save] of the same rows
    void merge(int from, int to, byte[] saved) {
        if (saved.length != bytes(to - from, kept)) {
            throw new IllegalArgumentException(
                    "%d bytes do not match the results of rows %d to %d".formatted(saved.length, from, to));
        }
        ByteBuffer bytes = ByteBuffer.wrap(saved);
        for (int row = from; row < to; row++) {
            int known = bytes.getInt();
            for (int rank = 0; rank < kept; rank++) {
                long distanceTo = bytes.getLong();
                int candidate = bytes.getInt();
                if (rank < known) {
                    offer(row, candidate, distanceTo);
                }
            }
        }
    }
}
