package io.peregrine.cluster.analysis;

import io.peregrine.parallel.WorkerPool;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/// Principal components of points, with the signs of scikit-learn since 1.5: in each component the entry with the
/// largest absolute value is positive. Pearson, "On lines and planes of closest fit to systems of points in
/// space", 1901.
///
/// The components are eigenvectors of the covariance matrix. If there are fewer points than dimensions, they are
/// computed from the eigenvectors of the points' Gram matrix, which is then the smaller one.
///
/// @param mean mean of the points, [d]
/// @param components [m, d], by decreasing variance
/// @param varianceRatio share of the total variance along each component, [m]
public record Pca(double[] mean, double[][] components, double[] varianceRatio) {

    /// @param points at least two
    /// @param wanted number of components; limited to the number of points and of dimensions
    public static Pca of(Points points, int wanted, WorkerPool pool) {
        int n = points.count();
        int d = points.dimensions();
        if (n < 2) {
            throw new IllegalArgumentException("principal components need at least 2 points, not " + n);
        }
        double[] mean = points.mean();
        double[][] centred = new double[n][d];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < d; j++) {
                centred[i][j] = points.at(i, j) - mean[j];
            }
        }
        boolean dual = n < d;
        double[][] matrix = dual ? products(centred, pool) : products(transposed(centred), pool);
        int size = matrix.length;
        int m = Math.min(wanted, size);
        EigenDecomposition_F64<DMatrixRMaj> eigen = DecompositionFactory_DDRM.eig(size, true, true);
        if (!eigen.decompose(new DMatrixRMaj(matrix))) {
            throw new IllegalStateException(
                    "the eigenvalues of a %d × %d covariance do not converge; are all points finite?"
                            .formatted(size, size));
        }
        double[] values = IntStream.range(0, size)
                .mapToDouble(i -> Math.max(0, eigen.getEigenvalue(i).getReal()))
                .toArray();
        int[] order = IntStream.range(0, size)
                .boxed()
                .sorted((a, b) -> Double.compare(values[b], values[a]))
                .mapToInt(Integer::intValue)
                .toArray();
        double whole = IntStream.of(order).mapToDouble(i -> values[i]).sum();
        double[][] components = new double[m][];
        double[] ratio = new double[m];
        for (int c = 0; c < m; c++) {
            double[] vector = eigen.getEigenVector(order[c]).getData();
            components[c] = signed(unit(dual ? combined(centred, vector) : vector.clone()));
            ratio[c] = whole > 0 ? values[order[c]] / whole : 0;
        }
        return new Pca(mean, components, ratio);
    }

    /// @return each point's coordinates along the components, [n, m]
    public float[] project(Points points) {
        int m = components.length;
        float[] projection = new float[points.count() * m];
        for (int i = 0; i < points.count(); i++) {
            for (int c = 0; c < m; c++) {
                double sum = 0;
                for (int j = 0; j < mean.length; j++) {
                    sum += (points.at(i, j) - mean[j]) * components[c][j];
                }
                projection[i * m + c] = (float) sum;
            }
        }
        return projection;
    }

    /// @return the products of every two rows, symmetric
    private static double[][] products(double[][] rows, WorkerPool pool) {
        int n = rows.length;
        double[][] products = new double[n][n];
        pool.each(n, i -> {
            for (int j = 0; j <= i; j++) {
                products[i][j] = dot(rows[i], rows[j]);
            }
        });
        for (int i = 0; i < n; i++) {
            for (int j = i + 1; j < n; j++) {
                products[i][j] = products[j][i];
            }
        }
        return products;
    }

    /// Four independent sums, because a single one would wait for the latency of each addition.
    private static double dot(double[] a, double[] b) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int j = 0;
        for (; j + 4 <= a.length; j += 4) {
            s0 += a[j] * b[j];
            s1 += a[j + 1] * b[j + 1];
            s2 += a[j + 2] * b[j + 2];
            s3 += a[j + 3] * b[j + 3];
        }
        for (; j < a.length; j++) {
            s0 += a[j] * b[j];
        }
        return s0 + s1 + (s2 + s3);
    }

    private static double[][] transposed(double[][] rows) {
        double[][] columns = new double[rows[0].length][rows.length];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < columns.length; j++) {
                columns[j][i] = rows[i][j];
            }
        }
        return columns;
    }

    private static double[] combined(double[][] rows, double[] weights) {
        double[] sum = new double[rows[0].length];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < sum.length; j++) {
                sum[j] += weights[i] * rows[i][j];
            }
        }
        return sum;
    }

    private static double[] unit(double[] vector) {
        double length = Math.sqrt(dot(vector, vector));
        for (int j = 0; length > 0 && j < vector.length; j++) {
            vector[j] /= length;
        }
        return vector;
    }

    private static double[] signed(double[] vector) {
        int largest = 0;
        for (int j = 1; j < vector.length; j++) {
            largest = Math.abs(vector[j]) > Math.abs(vector[largest]) ? j : largest;
        }
        boolean turn = vector[largest] < 0;
        for (int j = 0; turn && j < vector.length; j++) {
            vector[j] = -vector[j];
        }
        return vector;
    }
}
