package io.peregrine.cluster.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.parallel.WorkerPool;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KMeansTest {
    private static Points random(int count, int dimensions, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count * dimensions];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * 10 + i % 7);
        }
        return new Points(count, dimensions, values);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "3, 1, 2", "5, 7, 3", "257, 31, 15", "258, 16, 16", "300, 3, 17", "1030, 5, 33"})
    void distancesEqualThePlainSum(int count, int dimensions, int targets) {
        Points points = random(count, dimensions, 1);
        Points to = random(targets, dimensions, 2);
        SquaredDistances distances = new SquaredDistances(to);
        double[] block = new double[count * distances.padded()];
        distances.of(points, 0, count, block);

        for (int i = 0; i < count; i++) {
            for (int t = 0; t < targets; t++) {
                double sum = 0;
                for (int j = 0; j < dimensions; j++) {
                    double difference = (double) to.at(t, j) - points.at(i, j);
                    sum = Math.fma(difference, difference, sum);
                }
                assertThat(block[i * distances.padded() + t]).isEqualTo(sum);
            }
        }
    }

    @Test
    void anyNumberOfThreadsGivesTheSameBytes() {
        Points points = random(2_000, 20, 3);
        KMeans.Clustering alone = cluster(points, 1);
        KMeans.Clustering together = cluster(points, 3);

        assertThat(together.assignments()).isEqualTo(alone.assignments());
        assertThat(together.centers()).isEqualTo(alone.centers());
        assertThat(together.inertia()).isEqualTo(alone.inertia());
        try (WorkerPool one = new WorkerPool("analysis", 1);
                WorkerPool three = new WorkerPool("analysis", 3)) {
            assertThat(Pca.of(points, 3, three).project(points))
                    .isEqualTo(Pca.of(points, 3, one).project(points));
            assertThat(Silhouette.of(points, alone.assignments(), three, Progress.NONE))
                    .isEqualTo(Silhouette.of(points, alone.assignments(), one, Progress.NONE));
        }
    }

    private static KMeans.Clustering cluster(Points points, int threads) {
        try (WorkerPool team = new WorkerPool("analysis", threads)) {
            return new KMeans(points, team).cluster(12, 42, Progress.NONE);
        }
    }

    @Test
    void smileFindsTheSameClustersIfTheyAreFarApart() {
        Random random = new Random(9);
        double[][] data = new double[120][6];
        float[] values = new float[120 * 6];
        for (int i = 0; i < 120; i++) {
            for (int j = 0; j < 6; j++) {
                values[i * 6 + j] = (float) (random.nextGaussian() + (i % 4 == j ? 50 : 0));
                data[i][j] = values[i * 6 + j];
            }
        }
        try (WorkerPool team = new WorkerPool("analysis", 1)) {
            var ours = new KMeans(new Points(120, 6, values), team).cluster(4, 42, Progress.NONE);
            int[] theirs = smile.clustering.KMeans.fit(data, 4, 100).group();

            assertThat(ClusterMetrics.of(theirs, ours.assignments()).ari()).isEqualTo(1);
        }
    }

    @Test
    void emptyClusterGetsTheFarthestPoint() {
        // Every point is closer to the first two centres than to the third.
        Points points = new Points(5, 1, new float[] {0, 1, 10, 11, 30});
        Points init = new Points(3, 1, new float[] {0, 10, 1_000});
        try (WorkerPool team = new WorkerPool("analysis", 1)) {
            var clustering = new KMeans(points, team).cluster(init, Progress.NONE);

            assertThat(clustering.assignments()).containsExactly(0, 0, 1, 1, 2);
            assertThat(clustering.distinct()).isEqualTo(3);
            assertThat(clustering.inertia()).isCloseTo(1, within(1e-6));
        }
    }

    @Test
    void moreClustersThanPointsFailWithTheAllowedRange() {
        try (WorkerPool team = new WorkerPool("analysis", 1)) {
            KMeans kMeans = new KMeans(random(3, 2, 1), team);
            assertThatThrownBy(() -> kMeans.cluster(4, 42, Progress.NONE))
                    .hasMessage("cannot make 4 clusters of 3 points: use 1 to 3");
        }
    }

    @Test
    void progressListenerCanStopTheComputation() {
        try (WorkerPool team = new WorkerPool("analysis", 1)) {
            KMeans kMeans = new KMeans(random(300, 2, 1), team);
            assertThatThrownBy(() -> kMeans.cluster(4, 42, (task, done, total) -> {
                        throw new IllegalStateException("cancelled");
                    }))
                    .hasMessage("cancelled");
        }
    }

    @Test
    void componentsOfFewPointsInManyDimensionsAreThoseOfTheCovariance() {
        Points points = random(40, 39, 5);
        float[] wide = new float[40 * 60];
        for (int i = 0; i < 40; i++) {
            System.arraycopy(points.values(), i * 39, wide, i * 60, 39);
        }
        try (WorkerPool team = new WorkerPool("analysis", 1)) {
            Pca covariance = Pca.of(points, 3, team);
            Pca gram = Pca.of(new Points(40, 60, wide), 3, team);

            for (int c = 0; c < 3; c++) {
                assertThat(Arrays.copyOf(gram.components()[c], 39))
                        .containsExactly(covariance.components()[c], within(1e-9));
                assertThat(gram.varianceRatio()[c]).isCloseTo(covariance.varianceRatio()[c], within(1e-9));
            }
        }
    }
}
