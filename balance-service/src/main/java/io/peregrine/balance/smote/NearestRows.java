package io.peregrine.balance.smote;

import java.nio.ByteBuffer;

/// The nearest rows of each row found so far, by (distance, row). What is offered may come in any order.
final class NearestRows {
    private final int rows;
    private final int kept;
    /// [rows, kept], ascending; only the first `size` of a row are set
    private final long[] distance;
    private final int[] nearest;
    private final int[] size;

    /// @param kept how many of each row's nearest are kept
    NearestRows(int rows, int kept) {
        this.rows = rows;
        this.kept = kept;
        this.distance = new long[Math.multiplyExact(rows, kept)];
        this.nearest = new int[rows * kept];
        this.size = new int[rows];
    }

    void offer(int row, int candidate, long far) {
        int from = row * kept;
        int at = from + size[row];
        if (size[row] == kept) {
            at--;
            if (!isNearer(far, candidate, at)) {
                return;
            }
        } else {
            size[row]++;
        }
        for (; at > from && isNearer(far, candidate, at - 1); at--) {
            distance[at] = distance[at - 1];
            nearest[at] = nearest[at - 1];
        }
        distance[at] = far;
        nearest[at] = candidate;
    }

    private boolean isNearer(long far, int candidate, int at) {
        return far < distance[at] || (far == distance[at] && candidate < nearest[at]);
    }

    /// @return the k nearest of each row without the first, and how many rows tie at or before rank k + 1
    Neighbours withoutTheFirst(int k) {
        int[] others = new int[rows * k];
        long tied = 0;
        for (int row = 0; row < rows; row++) {
            System.arraycopy(nearest, row * kept + 1, others, row * k, k);
            boolean tie = false;
            for (int rank = 1; rank < size[row]; rank++) {
                tie |= distance[row * kept + rank - 1] == distance[row * kept + rank];
            }
            tied += tie ? 1 : 0;
        }
        return new Neighbours(k, others, tied);
    }

    int bytes() {
        return rows * (Integer.BYTES + kept * (Long.BYTES + Integer.BYTES));
    }

    void save(ByteBuffer to) {
        to.asLongBuffer().put(distance);
        to.position(to.position() + distance.length * Long.BYTES);
        to.asIntBuffer().put(nearest).put(size);
        to.position(to.position() + (nearest.length + size.length) * Integer.BYTES);
    }

    void load(ByteBuffer from) {
        from.asLongBuffer().get(distance);
        from.position(from.position() + distance.length * Long.BYTES);
        from.asIntBuffer().get(nearest).get(size);
        from.position(from.position() + (nearest.length + size.length) * Integer.BYTES);
    }
}
