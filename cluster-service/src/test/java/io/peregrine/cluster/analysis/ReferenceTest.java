package io.peregrine.cluster.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.testkit.Golden;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Compares with results of scikit-learn; see the README of the golden folder.
@Tag("golden")
class ReferenceTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final WorkerPool POOL = new WorkerPool("analysis", 2);
    private static Safetensors golden;
    private static Points vectors;
    private static JsonNode expected;

    @BeforeAll
    static void open() throws IOException {
        golden = Safetensors.open(Golden.file("kmeans-pca.safetensors"));
        vectors = points("vectors");
        expected = JSON.readTree(Golden.file("manifest.json").toFile()).get("kmeans");
    }

    @AfterAll
    static void close() {
        golden.close();
        POOL.close();
    }

    private static Points points(String name) {
        return points(golden.tensor(name));
    }

    private static Points points(Safetensors.Tensor tensor) {
        return new Points((int) tensor.shape()[0], (int) tensor.shape()[1], tensor.floats());
    }

    @Test
    void lloydFromGivenCentresGivesScikitLearnsAssignments() {
        var ours = new KMeans(vectors, POOL).cluster(points("init"), Progress.NONE);

        assertThat(ours.assignments()).isEqualTo(ints("assignments"));
        assertThat(ours.iterations()).isEqualTo(expected.get("n_iter").asInt());
        double inertia = expected.get("inertia").asDouble();
        assertThat(ours.inertia()).isCloseTo(inertia, within(1e-6 * inertia));
        assertClose(ours.centers().values(), golden.tensor("centers").floats(), 1e-4);
    }

    @Test
    void ownStartsGiveInertiasInScikitLearnsRange() {
        JsonNode spread = expected.get("inertia_default_init_over_20_seeds");
        double[] inertias = inertiasOfTwentyStarts(vectors, expected.get("k").asInt());

        double min = spread.get("min").asDouble();
        double max = spread.get("max").asDouble();
        assertThat((inertias[9] + inertias[10]) / 2).as("median").isBetween(min, max);
        // A draw that rounding moves to another point may end in another local minimum, near the others.
        double slack = (max - min) / 2;
        assertThat(inertias[0]).isGreaterThan(min - slack);
        assertThat(inertias[19]).isLessThan(max + slack);
    }

    /// The same seeds draw the same starts if no draw is within rounding of the border between two points, as in
    /// this stored set.
    @Test
    void startsOfTheStoredSetEqualScikitLearns() throws IOException {
        JsonNode kept = JSON.readTree(Golden.kept("manifest.json").toFile()).get("kmeans");
        JsonNode spread = kept.get("inertia_default_init_over_20_seeds");
        double[] inertias;
        try (Safetensors set = Safetensors.open(Golden.kept("kmeans-pca.safetensors"))) {
            inertias = inertiasOfTwentyStarts(
                    points(set.tensor("vectors")), kept.get("k").asInt());
        }

        assertThat(inertias[0]).isCloseTo(spread.get("min").asDouble(), within(1e-6 * inertias[0]));
        assertThat((inertias[9] + inertias[10]) / 2)
                .isCloseTo(spread.get("median").asDouble(), within(1e-6 * inertias[9]));
        assertThat(inertias[19]).isCloseTo(spread.get("max").asDouble(), within(1e-6 * inertias[19]));
    }

    private static double[] inertiasOfTwentyStarts(Points points, int k) {
        return LongStream.range(0, 20)
                .mapToDouble(seed ->
                        new KMeans(points, POOL).cluster(k, seed, Progress.NONE).inertia())
                .sorted()
                .toArray();
    }

    @Test
    void moreClustersThanDistinctPointsLeaveEmptyClustersAndNoNan() {
        Points duplicates = points("duplicates");
        long distinct = Stream.iterate(0, i -> i < duplicates.count(), i -> i + 1)
                .map(i -> Arrays.toString(duplicates.rows(i).values()))
                .distinct()
                .count();
        int k = (int) Math.min(duplicates.count(), distinct + 3);

        var ours = new KMeans(duplicates, POOL).cluster(k, 0, Progress.NONE);

        assertThat(ours.distinct()).isEqualTo((int) distinct);
        assertThat(ours.inertia()).isCloseTo(0, within(1e-6));
        for (float value : ours.centers().values()) {
            assertThat(Float.isFinite(value)).isTrue();
        }
    }

    @Test
    void principalComponentsEqualScikitLearns() {
        float[][] components = components();
        Pca pca = Pca.of(vectors, components.length, POOL);

        for (int c = 0; c < components.length; c++) {
            float[] ours = new float[vectors.dimensions()];
            for (int j = 0; j < ours.length; j++) {
                ours[j] = (float) pca.components()[c][j];
            }
            assertClose(ours, components[c], 1e-4);
        }
        assertClose(pca.project(vectors), golden.tensor("pca_projection").floats(), 1e-4);
        double[] ratio = golden.tensor("pca_explained_variance_ratio").doubles();
        for (int c = 0; c < components.length; c++) {
            assertThat(pca.varianceRatio()[c]).isCloseTo(ratio[c], within(1e-4));
        }
    }

    /// Scikit-learn stores `components_` column by column, and safetensors' numpy writer copies memory as it is.
    /// The values under the shape [m, d] are then those of [d, m]. Rows of unit length show which case it is.
    private static float[][] components() {
        float[] values = golden.tensor("pca_components").floats();
        int m = (int) golden.tensor("pca_components").shape()[0];
        int d = (int) golden.tensor("pca_components").shape()[1];
        for (boolean byColumn : new boolean[] {false, true}) {
            float[][] rows = new float[m][d];
            double squares = 0;
            for (int c = 0; c < m; c++) {
                for (int j = 0; j < d; j++) {
                    rows[c][j] = values[byColumn ? j * m + c : c * d + j];
                    squares += c == 0 ? rows[c][j] * rows[c][j] : 0;
                }
            }
            if (Math.abs(squares - 1) < 1e-4) {
                return rows;
            }
        }
        throw new AssertionError("pca_components has no rows of unit length, read either way");
    }

    @ParameterizedTest
    @MethodSource("clusterings")
    void agreementEqualsScikitLearns(JsonNode clustering) {
        ClusterMetrics ours = ClusterMetrics.of(ints(clustering.get("truth")), ints(clustering.get("clusters")));

        assertThat(ours.nmi()).isCloseTo(clustering.get("nmi").asDouble(), within(1e-9));
        assertThat(ours.ari()).isCloseTo(clustering.get("ari").asDouble(), within(1e-9));
        assertThat(ours.homogeneity()).isCloseTo(clustering.get("homogeneity").asDouble(), within(1e-9));
        assertThat(ours.completeness()).isCloseTo(clustering.get("completeness").asDouble(), within(1e-9));
        assertThat(ours.v()).isCloseTo(clustering.get("v_measure").asDouble(), within(1e-9));
        assertThat(ours.purity()).isCloseTo(clustering.get("purity").asDouble(), within(1e-9));
    }

    static Stream<JsonNode> clusterings() throws IOException {
        JsonNode all = JSON.readTree(Golden.file("metrics.json").toFile()).get("clusterings");
        return java.util.stream.StreamSupport.stream(all.spliterator(), false);
    }

    @Test
    void silhouetteEqualsScikitLearns() throws IOException {
        double silhouette = JSON.readTree(Golden.file("metrics.json").toFile())
                .get("internal_on_kmeans-pca")
                .get("silhouette")
                .asDouble();

        assertThat(Silhouette.of(vectors, ints("assignments"), POOL, Progress.NONE)
                        .orElseThrow())
                .isCloseTo(silhouette, within(1e-5));
    }

    /// Relative to the tensor's scale, as the tolerances of the golden vectors are defined.
    private static void assertClose(float[] ours, float[] theirs, double tolerance) {
        double scale = 0;
        for (float value : theirs) {
            scale = Math.max(scale, Math.abs(value));
        }
        assertThat(ours).hasSameSizeAs(theirs);
        for (int i = 0; i < ours.length; i++) {
            assertThat((double) ours[i]).as("value %d", i).isCloseTo(theirs[i], within(tolerance * scale));
        }
    }

    private static int[] ints(String name) {
        return LongStream.of(golden.tensor(name).longs()).mapToInt(v -> (int) v).toArray();
    }

    private static int[] ints(JsonNode array) {
        int[] ints = new int[array.size()];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = array.get(i).asInt();
        }
        return ints;
    }
}
