package io.peregrine.cluster.analysis;

import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;

/// Matches clusters with classes so that the pairs share as many points as possible.
///
/// Kuhn, "The Hungarian method for the assignment problem", 1955, in the form with potentials. Among all
/// matchings with the largest total it returns the lowest in lexicographic order (cluster 0 gets the lowest class
/// that it can have, then cluster 1, …). Clusters are rows and classes are columns. If there are fewer of one
/// kind, rows or columns without points fill the difference.
///
/// Only pairs that share points have an edge. A row's potential p and a column's q are at least 0. p + q is at
/// least the number of shared points, and equal to it ("tight") for every pair of every best matching. A pair
/// without shared points is tight if both potentials are 0. So all such rows and columns can be matched with one
/// another, and none of these pairs has to be stored. The time is that of walks through shared edges; a dense
/// table would take the cube of the size.
public final class HungarianMatching {
    private final ContingencyTable overlap;
    private final int size;
    private final long[] rowPotential;
    private final long[] columnPotential;
    private final int[] rowOf;
    private final int[] columnOf;
    private final Edges edges;
    private final Search search;

    private HungarianMatching(ContingencyTable overlap) {
        this.overlap = overlap;
        size = Math.max(overlap.clusters(), overlap.classes());
        rowPotential = new long[size];
        columnPotential = new long[size];
        rowOf = new int[size];
        columnOf = new int[size];
        Arrays.fill(rowOf, -1);
        Arrays.fill(columnOf, -1);
        edges = new Edges(overlap);
        search = new Search(size);
    }

    /// @return the class of each cluster, or −1 for a surplus cluster
    public static int[] of(ContingencyTable overlap) {
        HungarianMatching matching = new HungarianMatching(overlap);
        for (int row = 0; row < overlap.clusters(); row++) {
            matching.augment(row);
        }
        matching.matchRemaining();
        matching.minimizeLexicographically();
        int[] matched = Arrays.copyOf(matching.columnOf, overlap.clusters());
        for (int k = 0; k < matched.length; k++) {
            matched[k] = matched[k] < overlap.classes() ? matched[k] : -1;
        }
        return matched;
    }

    /// The same edges, indexed by column.
    private static final class Edges {
        private final int[] first;
        private final int[] row;
        private final long[] shared;

        Edges(ContingencyTable overlap) {
            first = new int[overlap.classes() + 1];
            row = new int[overlap.cells()];
            shared = new long[overlap.cells()];
            for (int cell = 0; cell < overlap.cells(); cell++) {
                first[overlap.label(cell) + 1]++;
            }
            for (int column = 0; column < overlap.classes(); column++) {
                first[column + 1] += first[column];
            }
            int[] next = first.clone();
            for (int k = 0; k < overlap.clusters(); k++) {
                for (int cell = overlap.first(k); cell < overlap.first(k + 1); cell++) {
                    int at = next[overlap.label(cell)]++;
                    row[at] = k;
                    shared[at] = overlap.points(cell);
                }
            }
        }
    }

    /// The rows and columns that one search has reached. The time of a reset is proportional to their number.
    private static final class Search {
        private final long[] rowAt;
        private final long[] columnAt;
        private final int[] from;
        private final int[] rows;
        private final int[] columns;
        private int rowCount;
        private int columnCount;

        Search(int size) {
            rowAt = new long[size];
            columnAt = new long[size];
            from = new int[size];
            rows = new int[size];
            columns = new int[size];
            Arrays.fill(rowAt, -1);
            Arrays.fill(columnAt, -1);
        }

        void reachRow(int row, long distance) {
            rowAt[row] = distance;
            rows[rowCount++] = row;
        }

        void reachColumn(int column, long distance) {
            columnAt[column] = distance;
            columns[columnCount++] = column;
        }

        void reset() {
            for (int i = 0; i < rowCount; i++) {
                rowAt[rows[i]] = -1;
            }
            for (int i = 0; i < columnCount; i++) {
                columnAt[columns[i]] = -1;
            }
            rowCount = 0;
            columnCount = 0;
        }
    }

    /// A column that a search may reach.
    private record Offer(long distance, int column, int row) {}

    /// Assigns a column to the row by a shortest augmenting path (Dijkstra's algorithm over reduced costs). The
    /// path ends at a free column, or at a row that loses nothing without a column.
    private void augment(int start) {
        for (int cell = overlap.first(start); cell < overlap.first(start + 1); cell++) {
            long wanted = overlap.points(cell) - columnPotential[overlap.label(cell)];
            rowPotential[start] = Math.max(rowPotential[start], wanted);
        }
        PriorityQueue<Offer> offers = new PriorityQueue<>(Comparator.comparingLong(Offer::distance));
        int scanned = 0;
        int unmatched = start;
        long now = 0;
        search.reachRow(start, 0);
        int end = offer(start, now, distanceWithoutColumn(unmatched), offers);
        while (end < 0 && distanceWithoutColumn(unmatched) > now) {
            int column;
            if (scanned < search.columnCount) {
                column = search.columns[scanned++];
            } else {
                Offer next = next(offers);
                if (next == null || next.distance() >= distanceWithoutColumn(unmatched)) {
                    break;
                }
                now = next.distance();
                column = next.column();
                search.reachColumn(column, now);
                search.from[column] = next.row();
                scanned++;
                if (rowOf[column] < 0) {
                    end = column;
                    break;
                }
            }
            int row = rowOf[column];
            search.reachRow(row, now);
            unmatched = distanceWithoutColumn(row) < distanceWithoutColumn(unmatched) ? row : unmatched;
            end = offer(row, now, distanceWithoutColumn(unmatched), offers);
        }
        move(end >= 0 ? now : distanceWithoutColumn(unmatched));
        if (end < 0) {
            end = columnOf[unmatched];
            columnOf[unmatched] = -1;
        }
        while (end >= 0) {
            int taker = search.from[end];
            int given = columnOf[taker];
            columnOf[taker] = end;
            rowOf[end] = taker;
            end = given;
        }
        search.reset();
    }

    /// @return the distance at which a reached row loses nothing without a column
    private long distanceWithoutColumn(int row) {
        return search.rowAt[row] + rowPotential[row];
    }

    private Offer next(PriorityQueue<Offer> offers) {
        Offer next = offers.poll();
        while (next != null && search.columnAt[next.column()] >= 0) {
            next = offers.poll();
        }
        return next;
    }

    /// Reaches the columns at the row's own distance, and queues those at a distance below `limit`.
    ///
    /// @param now the row's distance
    /// @return a free column at the row's distance; −1 if there is none
    private int offer(int row, long now, long limit, PriorityQueue<Offer> offers) {
        for (int cell = overlap.first(row); cell < overlap.first(row + 1); cell++) {
            int column = overlap.label(cell);
            if (search.columnAt[column] >= 0) {
                continue;
            }
            long distance = now + rowPotential[row] + columnPotential[column] - overlap.points(cell);
            if (distance == now) {
                search.reachColumn(column, now);
                search.from[column] = row;
                if (rowOf[column] < 0) {
                    return column;
                }
            } else if (distance < limit) {
                offers.add(new Offer(distance, column, row));
            }
        }
        return -1;
    }

    private void move(long length) {
        for (int i = 0; i < search.rowCount; i++) {
            rowPotential[search.rows[i]] -= length - search.rowAt[search.rows[i]];
        }
        for (int i = 0; i < search.columnCount; i++) {
            columnPotential[search.columns[i]] += length - search.columnAt[search.columns[i]];
        }
    }

    /// Matches the remaining rows and columns: their potentials are 0, so any pair of them is tight.
    private void matchRemaining() {
        int column = 0;
        for (int row = 0; row < size; row++) {
            if (columnOf[row] < 0) {
                while (rowOf[column] >= 0) {
                    column++;
                }
                columnOf[row] = column;
                rowOf[column] = row;
            }
        }
    }

    /// Every matching with the largest total uses only tight pairs. For each row in turn, takes the lowest column
    /// that still allows a matching of the later rows.
    private void minimizeLexicographically() {
        boolean[] fixed = new boolean[size];
        int lowestFree = 0;
        for (int row = 0; row < size; row++) {
            while (lowestFree < size && (fixed[lowestFree] || columnPotential[lowestFree] != 0)) {
                lowestFree++;
            }
            if (mayBeLowered(row, fixed, lowestFree)) {
                reach(columnOf[row], row);
                take(row);
                search.reset();
            }
            fixed[columnOf[row]] = true;
        }
    }

    /// @param lowestFree the lowest column with potential 0 that is not fixed
    private boolean mayBeLowered(int row, boolean[] fixed, int lowestFree) {
        if (rowPotential[row] == 0 && lowestFree < columnOf[row]) {
            return true;
        }
        for (int cell = first(row); cell < last(row); cell++) {
            int column = overlap.label(cell);
            if (column < columnOf[row] && !fixed[column] && isTight(row, cell)) {
                return true;
            }
        }
        return false;
    }

    /// Finds every later row that can use the freed column, itself or by passing on its own column.
    private void reach(int freed, int giver) {
        search.reachColumn(freed, 0);
        boolean restReached = false;
        for (int at = 0; at < search.columnCount; at++) {
            int column = search.columns[at];
            if (column < overlap.classes()) {
                for (int edge = edges.first[column]; edge < edges.first[column + 1]; edge++) {
                    int row = edges.row[edge];
                    if (rowPotential[row] + columnPotential[column] == edges.shared[edge]) {
                        passOn(row, column, giver);
                    }
                }
            }
            if (columnPotential[column] == 0 && !restReached) {
                restReached = true;
                for (int row = giver + 1; row < size; row++) {
                    if (rowPotential[row] == 0) {
                        passOn(row, column, giver);
                    }
                }
            }
        }
    }

    /// @param column the column that the row would take
    private void passOn(int row, int column, int giver) {
        int own = columnOf[row];
        if (row > giver && search.columnAt[own] < 0) {
            search.reachColumn(own, 0);
            search.from[own] = column;
        }
    }

    /// Takes the lowest reached column; each row on the path takes the next one.
    private void take(int row) {
        int freed = columnOf[row];
        int lowest = freed;
        for (int cell = first(row); cell < last(row); cell++) {
            int column = overlap.label(cell);
            if (column < lowest && search.columnAt[column] >= 0 && isTight(row, cell)) {
                lowest = column;
            }
        }
        if (rowPotential[row] == 0) {
            for (int i = 0; i < search.columnCount; i++) {
                int column = search.columns[i];
                lowest = columnPotential[column] == 0 ? Math.min(lowest, column) : lowest;
            }
        }
        int taker = row;
        int column = lowest;
        while (column != freed) {
            int displaced = rowOf[column];
            rowOf[column] = taker;
            columnOf[taker] = column;
            taker = displaced;
            column = search.from[column];
        }
        rowOf[freed] = taker;
        columnOf[taker] = freed;
    }

    private int first(int row) {
        return row < overlap.clusters() ? overlap.first(row) : 0;
    }

    private int last(int row) {
        return row < overlap.clusters() ? overlap.first(row + 1) : 0;
    }

    private boolean isTight(int row, int cell) {
        return rowPotential[row] + columnPotential[overlap.label(cell)] == overlap.points(cell);
    }
}
