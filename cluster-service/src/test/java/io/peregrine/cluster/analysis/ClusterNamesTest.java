package io.peregrine.cluster.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ClusterNamesTest {
    private static final List<String> STYLES = List.of("Cubism", "Ukiyo_e");

    @Test
    void furtherClustersOfAClassAreNumbered() {
        assertThat(names(STYLES, new long[][] {{1, 0}, {7, 0}, {3, 4}, {2, 0}}))
                .containsExactly("Cubism 2", "Cubism", "Ukiyo_e", "Cubism 3");
    }

    @Test
    void aMajorityWinsOverThePairing() {
        // The Hungarian method can only pair one of them with Cubism, so it pairs the other with Ukiyo_e.
        assertThat(names(STYLES, new long[][] {{90, 1}, {80, 5}})).containsExactly("Cubism", "Cubism 2");
    }

    @Test
    void aClusterWithoutMajorityIsNamedAfterItsPairOrMixed() {
        assertThat(names(List.of("a", "b", "c"), new long[][] {{2, 2, 2}, {4, 3, 3}, {0, 9, 0}, {0, 0, 9}}))
                .containsExactly("mixed 1", "a", "b", "c");
    }

    @Test
    void exactlyHalfIsEnough() {
        assertThat(names(STYLES, new long[][] {{3, 3}, {0, 9}, {9, 0}}))
                .containsExactly("Cubism 2", "Ukiyo_e", "Cubism");
    }

    @Test
    void aClusterWithoutPointsIsEmpty() {
        assertThat(names(STYLES, new long[][] {{3, 0}, {0, 0}, {0, 4}, {0, 0}}))
                .containsExactly("Cubism", "empty 1", "Ukiyo_e", "empty 2");
    }

    @Test
    void numbersThatClassesHaveAreSkipped() {
        List<String> classes = List.of("a", "a 2", "mixed 1", "empty 1");
        assertThat(names(classes, new long[][] {
                    {5, 0, 0, 0},
                    {4, 0, 0, 0},
                    {0, 5, 0, 0},
                    {0, 4, 0, 0},
                    {0, 0, 0, 0},
                    {3, 3, 3, 3},
                    {0, 0, 6, 0},
                    {0, 0, 0, 6}
                }))
                .containsExactly("a", "a 3", "a 2", "a 2 2", "empty 2", "mixed 2", "mixed 1", "empty 1");
    }

    @Test
    void namesAreUnique() {
        Random random = new Random(5);
        List<String> classes = List.of("x", "x 2", "mixed 2", "empty 1", "x 2 2");
        for (int round = 0; round < 500; round++) {
            long[][] overlap = new long[1 + random.nextInt(9)][classes.size()];
            for (long[] cluster : overlap) {
                Arrays.setAll(cluster, label -> random.nextInt(3) == 0 ? random.nextInt(4) : 0);
            }
            assertThat(names(classes, overlap)).doesNotHaveDuplicates();
        }
    }

    private static String[] names(List<String> classes, long[][] overlap) {
        List<Integer> truth = new ArrayList<>();
        List<Integer> clusters = new ArrayList<>();
        for (int k = 0; k < overlap.length; k++) {
            for (int label = 0; label < classes.size(); label++) {
                for (long point = 0; point < overlap[k][label]; point++) {
                    truth.add(label);
                    clusters.add(k);
                }
            }
        }
        int[] labels = truth.stream().mapToInt(i -> i).toArray();
        int[] assigned = clusters.stream().mapToInt(i -> i).toArray();
        return ClusterNames.of(ContingencyTable.of(labels, assigned, overlap.length, classes.size()), classes);
    }
}
