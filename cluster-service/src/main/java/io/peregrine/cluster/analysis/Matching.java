package io.peregrine.cluster.analysis;

import java.util.Arrays;

/// Pairs clusters with classes so that the pairs share as many points as possible, and names the clusters by it.
///
/// Kuhn, "The Hungarian method for the assignment problem", 1955, in the form with potentials; among all pairings
/// with the largest total the one that is lowest in lexicographic order (cluster 0 gets the lowest class that it
/// can have, then cluster 1, …).
public final class Matching {
    private static final long NONE = Long.MAX_VALUE / 4;

    private final int size;
    private final long[][] cost;
    private final long[] rowPotential;
    private final long[] columnPotential;
    private final int[] rowOf;
    private final int[] columnOf;

    private Matching(long[][] overlap, int classes) {
        size = Math.max(overlap.length, classes);
        cost = new long[size][size];
        for (int k = 0; k < overlap.length; k++) {
            for (int c = 0; c < classes; c++) {
                cost[k][c] = -overlap[k][c];
            }
        }
        rowPotential = new long[size + 1];
        columnPotential = new long[size + 1];
        rowOf = new int[size];
        columnOf = new int[size];
    }

    /// @param overlap [clusters, classes]: points that they share
    /// @return for each cluster its class, or −1 for a surplus one
    public static int[] of(long[][] overlap) {
        int classes = overlap.length == 0 ? 0 : overlap[0].length;
        Matching matching = new Matching(overlap, classes);
        matching.solve();
        matching.lower();
        int[] matched = Arrays.copyOf(matching.columnOf, overlap.length);
        for (int k = 0; k < matched.length; k++) {
            matched[k] = matched[k] < classes ? matched[k] : -1;
        }
        return matched;
    }

    /// @param overlap [clusters, classes]
    /// @param classes names in label order
    /// @return a name for each cluster: that of its class, or `mixed n` where it is a surplus one or, worse, has
    /// no point of the class that was left for it
    public static String[] names(long[][] overlap, java.util.List<String> classes) {
        int[] matched = of(overlap);
        String[] names = new String[matched.length];
        int mixed = 0;
        for (int k = 0; k < names.length; k++) {
            boolean named = matched[k] >= 0 && overlap[k][matched[k]] > 0;
            names[k] = named ? classes.get(matched[k]) : "mixed " + ++mixed;
        }
        return names;
    }

    /// Adds row after row by a shortest augmenting path. Row and column 0 of the work arrays stand for "none".
    private void solve() {
        int[] owner = new int[size + 1];
        for (int row = 1; row <= size; row++) {
            long[] least = new long[size + 1];
            Arrays.fill(least, NONE);
            boolean[] used = new boolean[size + 1];
            int[] way = new int[size + 1];
            owner[0] = row;
            int column = 0;
            do {
                used[column] = true;
                int next = nearest(owner[column], column, least, used, way);
                long delta = least[next];
                for (int j = 0; j <= size; j++) {
                    if (used[j]) {
                        rowPotential[owner[j]] += delta;
                        columnPotential[j] -= delta;
                    } else {
                        least[j] -= delta;
                    }
                }
                column = next;
            } while (owner[column] != 0);
            while (column != 0) {
                owner[column] = owner[way[column]];
                column = way[column];
            }
        }
        for (int j = 1; j <= size; j++) {
            rowOf[j - 1] = owner[j] - 1;
            columnOf[owner[j] - 1] = j - 1;
        }
    }

    private int nearest(int row, int from, long[] least, boolean[] used, int[] way) {
        int nearest = 0;
        for (int j = 1; j <= size; j++) {
            if (!used[j]) {
                long reduced = cost[row - 1][j - 1] - rowPotential[row] - columnPotential[j];
                if (reduced < least[j]) {
                    least[j] = reduced;
                    way[j] = from;
                }
                if (nearest == 0 || least[j] < least[nearest]) {
                    nearest = j;
                }
            }
        }
        return nearest;
    }

    /// Every pairing with the largest total uses only pairs whose reduced cost is 0; row by row, takes the lowest
    /// column with which the later rows can still be paired.
    private void lower() {
        boolean[] fixed = new boolean[size];
        for (int row = 0; row < size; row++) {
            for (int column = 0; column < columnOf[row]; column++) {
                if (!fixed[column] && tight(row, column) && give(row, column, fixed)) {
                    break;
                }
            }
            fixed[columnOf[row]] = true;
        }
    }

    private boolean give(int row, int column, boolean[] fixed) {
        int displaced = rowOf[column];
        int freed = columnOf[row];
        boolean[] seen = fixed.clone();
        seen[column] = true;
        if (!rehouse(displaced, freed, seen)) {
            return false;
        }
        rowOf[column] = row;
        columnOf[row] = column;
        return true;
    }

    /// Finds the row another column, moving later rows on, until one takes the freed column.
    private boolean rehouse(int row, int freed, boolean[] seen) {
        for (int column = 0; column < size; column++) {
            if (!seen[column] && tight(row, column)) {
                seen[column] = true;
                if (column == freed || rehouse(rowOf[column], freed, seen)) {
                    rowOf[column] = row;
                    columnOf[row] = column;
                    return true;
                }
            }
        }
        return false;
    }

    private boolean tight(int row, int column) {
        return cost[row][column] == rowPotential[row + 1] + columnPotential[column + 1];
    }
}
