package io.peregrine.cluster.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.parallel.WorkerPool;
import org.junit.jupiter.api.Test;

class ClusterMetricsTest {
    @Test
    void oneClusterOfOneClassAgreesFullyAsInScikitLearn() {
        assertThat(ClusterMetrics.of(new int[] {0, 0, 0}, new int[] {0, 0, 0}))
                .isEqualTo(new ClusterMetrics(1, 1, 1, 1, 1, 1));
    }

    @Test
    void singletonsInBothAgreeFully() {
        ClusterMetrics agreement = ClusterMetrics.of(new int[] {0, 1, 2}, new int[] {2, 0, 1});
        assertThat(agreement.ari()).isEqualTo(1);
        assertThat(agreement.nmi()).isEqualTo(1);
    }

    @Test
    void oneClusterOfSeveralClassesIsCompleteButNotHomogeneous() {
        ClusterMetrics agreement = ClusterMetrics.of(new int[] {0, 1, 1, 1}, new int[] {0, 0, 0, 0});
        assertThat(agreement.ari()).isEqualTo(0);
        assertThat(agreement.nmi()).isEqualTo(0);
        assertThat(agreement.homogeneity()).isEqualTo(0);
        assertThat(agreement.completeness()).isEqualTo(1);
        assertThat(agreement.purity()).isEqualTo(0.75);
    }

    @Test
    void fewerThanTwoClustersHaveNoSilhouette() {
        Points points = new Points(3, 1, new float[] {1, 2, 3});
        try (WorkerPool team = new WorkerPool("analysis", 1)) {
            assertThat(Silhouette.of(points, new int[] {0, 0, 0}, team, Progress.NONE))
                    .isEmpty();
            assertThat(Silhouette.of(points, new int[] {0, 1, 2}, team, Progress.NONE))
                    .isEmpty();
        }
    }
}
