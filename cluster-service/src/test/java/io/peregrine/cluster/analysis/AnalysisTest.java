package io.peregrine.cluster.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.Split;
import io.peregrine.parallel.WorkerPool;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnalysisTest {
    @Test
    void clustersBeyondTheDistinctLatentsHaveNoPurity() {
        Points latents = new Points(6, 1, new float[] {1, 1, 1, 9, 9, 9});
        Split[] splits = new Split[6];
        Arrays.fill(splits, Split.TRAIN);
        try (WorkerPool pool = new WorkerPool("test", 1)) {
            Analysis analysis = Analysis.of(
                    latents, new int[] {0, 0, 0, 1, 1, 1}, splits, List.of("a", "b"), 4, 42, pool, Progress.NONE);
            assertThat(analysis.measures()).containsEntry("distinct.all", 2.0);
            assertThat(analysis.clusters())
                    .extracting(Analysis.Cluster::name)
                    .contains("a", "b")
                    .doesNotHaveDuplicates();
            assertThat(analysis.clusters())
                    .filteredOn(cluster -> cluster.size() == 0)
                    .hasSize(2)
                    .allSatisfy(cluster -> assertThat(cluster.purity()).isNull())
                    .allSatisfy(cluster -> assertThat(cluster.name()).startsWith("empty "));
        }
    }
}
