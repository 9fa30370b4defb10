package io.peregrine.cluster.analysis;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;

/// Squared Euclidean distances from points to a few fixed targets, by direct differences in double.
///
/// Each vector lane is a target, so each distance is one sum over the dimensions in order, with one fused
/// multiply-add each. The result has the same bits for any vector width and number of threads. The usual form
/// |x|² − 2·x·c + |c|² would save one operation but lose the digits in which close points differ.
final class SquaredDistances {
    private static final VectorSpecies<Double> LANES = DoubleVector.SPECIES_PREFERRED;
    /// Targets of one panel: two vectors, so that four points fill eight accumulators.
    private static final int PANEL = 2 * LANES.length();

    private final int targets;
    private final int dimensions;
    private final int padded;
    /// [panels, dimensions, PANEL]
    private final double[] packed;

    /// @param from first target
    /// @param to after the last target
    SquaredDistances(Points points, int from, int to) {
        this.targets = to - from;
        this.dimensions = points.dimensions();
        this.padded = (targets + PANEL - 1) / PANEL * PANEL;
        this.packed = new double[padded * dimensions];
        for (int target = 0; target < targets; target++) {
            int panel = target / PANEL * PANEL * dimensions + target % PANEL;
            for (int j = 0; j < dimensions; j++) {
                packed[panel + j * PANEL] = points.at(from + target, j);
            }
        }
    }

    SquaredDistances(Points targets) {
        this(targets, 0, targets.count());
    }

    /// @return columns of a result row: the number of targets, rounded up to whole panels
    int padded() {
        return padded;
    }

    /// @param from first point
    /// @param to after the last point
    /// @param out [to − from, padded]; columns beyond the number of targets are meaningless
    void of(Points points, int from, int to, double[] out) {
        for (int panel = 0; panel < padded; panel += PANEL) {
            int row = from;
            for (; row + 4 <= to; row += 4) {
                four(points.values(), row * dimensions, panel, out, (row - from) * padded + panel);
            }
            for (; row < to; row++) {
                one(points.values(), row * dimensions, panel, out, (row - from) * padded + panel);
            }
        }
    }

    private void four(float[] x, int x0, int panel, double[] out, int at) {
        int x1 = x0 + dimensions;
        int x2 = x1 + dimensions;
        int x3 = x2 + dimensions;
        DoubleVector a0 = DoubleVector.zero(LANES);
        DoubleVector b0 = a0;
        DoubleVector a1 = a0;
        DoubleVector b1 = a0;
        DoubleVector a2 = a0;
        DoubleVector b2 = a0;
        DoubleVector a3 = a0;
        DoubleVector b3 = a0;
        int packedAt = panel * dimensions;
        for (int j = 0; j < dimensions; j++, packedAt += PANEL) {
            DoubleVector a = DoubleVector.fromArray(LANES, packed, packedAt);
            DoubleVector b = DoubleVector.fromArray(LANES, packed, packedAt + LANES.length());
            DoubleVector v = DoubleVector.broadcast(LANES, x[x0 + j]);
            DoubleVector da = a.sub(v);
            DoubleVector db = b.sub(v);
            a0 = da.fma(da, a0);
            b0 = db.fma(db, b0);
            v = DoubleVector.broadcast(LANES, x[x1 + j]);
            da = a.sub(v);
            db = b.sub(v);
            a1 = da.fma(da, a1);
            b1 = db.fma(db, b1);
            v = DoubleVector.broadcast(LANES, x[x2 + j]);
            da = a.sub(v);
            db = b.sub(v);
            a2 = da.fma(da, a2);
            b2 = db.fma(db, b2);
            v = DoubleVector.broadcast(LANES, x[x3 + j]);
            da = a.sub(v);
            db = b.sub(v);
            a3 = da.fma(da, a3);
            b3 = db.fma(db, b3);
        }
        int lanes = LANES.length();
        a0.intoArray(out, at);
        b0.intoArray(out, at + lanes);
        a1.intoArray(out, at + padded);
        b1.intoArray(out, at + padded + lanes);
        a2.intoArray(out, at + 2 * padded);
        b2.intoArray(out, at + 2 * padded + lanes);
        a3.intoArray(out, at + 3 * padded);
        b3.intoArray(out, at + 3 * padded + lanes);
    }

    private void one(float[] x, int x0, int panel, double[] out, int at) {
        DoubleVector a0 = DoubleVector.zero(LANES);
        DoubleVector b0 = a0;
        int packedAt = panel * dimensions;
        for (int j = 0; j < dimensions; j++, packedAt += PANEL) {
            DoubleVector v = DoubleVector.broadcast(LANES, x[x0 + j]);
            DoubleVector da = DoubleVector.fromArray(LANES, packed, packedAt).sub(v);
            DoubleVector db = DoubleVector.fromArray(LANES, packed, packedAt + LANES.length())
                    .sub(v);
            a0 = da.fma(da, a0);
            b0 = db.fma(db, b0);
        }
        a0.intoArray(out, at);
        b0.intoArray(out, at + LANES.length());
    }
}
