package io.peregrine.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestNameTest {
    private static final List<String> KNOWN = List.of("cursor", "dataset", "limit", "state", "initialWeights");

    @ParameterizedTest
    @CsvSource({
        "stat, state",
        "LIMIT, limit",
        "datasets, dataset",
        "cusror, cursor",
        "initial, initialWeights",
        "stateOfTheRun, state"
    })
    void findsTheSimilarName(String name, String nearest) {
        assertThat(NearestName.of(name, KNOWN)).contains(nearest);
    }

    @ParameterizedTest
    @CsvSource({"page", "_", "group", "epochs"})
    void findsNothingIfNoNameIsSimilar(String name) {
        assertThat(NearestName.of(name, KNOWN)).isEmpty();
    }

    @Test
    void findsNothingAmongNoNames() {
        assertThat(NearestName.of("limit", List.of())).isEmpty();
    }
}
