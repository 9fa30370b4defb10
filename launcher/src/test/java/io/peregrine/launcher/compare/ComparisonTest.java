package io.peregrine.launcher.compare;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.charts.ChartFormat;
import io.peregrine.events.EventCodec;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.launcher.compare.Comparison.Mean;
import io.peregrine.launcher.compare.Comparison.Outcome;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComparisonTest {
    private static Tested test(double balanced) {
        return new Tested(1, balanced, balanced, balanced, List.of(balanced, 1 - balanced), List.of(40L, 20L));
    }

    private static List<Outcome> outcomes(String contender, double... balanced) {
        List<Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < balanced.length; i++) {
            outcomes.add(new Outcome(Candidate.read(contender), 42 + i, 1_215, 30, 1_140, test(balanced[i])));
        }
        return outcomes;
    }

    private static Comparison of(List<List<Outcome>> all) {
        return new Comparison(
                List.of("Baroque", "Cubism"), all.stream().flatMap(List::stream).toList());
    }

    private static final List<Outcome> NONE = outcomes("none", 0.30, 0.34, 0.28, 0.36, 0.32);

    /// By hand: differences 4, 2, 6, 3, 5 points: mean 4, deviation 1.5811, error 0.7071, times 2.776.
    @Test
    void differencesArePairedBySeedWithStudentsInterval() {
        Comparison comparison = of(List.of(NONE, outcomes("auto", 0.34, 0.36, 0.34, 0.39, 0.37)));
        Mean more = comparison.difference("auto", Tested::balancedAccuracy);
        assertThat(more.value()).isCloseTo(0.04, within(1e-12));
        assertThat(more.error()).isCloseTo(0.0070711, within(1e-7));
        assertThat(more.halfWidth()).isCloseTo(0.019629, within(1e-6));
        assertThat(more.isApartFromZero()).isTrue();
        assertThat(comparison.tested()).isEqualTo(60);
        assertThat(new ComparisonPage(comparison).sentence())
                .isEqualTo(
                        "Compared with `none`: `auto` changed balanced accuracy by +4.0 points (+2.0 to +6.0): it helped.");
    }

    @Test
    void anIntervalThatIncludesZeroIsNotADifference() {
        Comparison comparison = of(List.of(NONE, outcomes("weights", 0.35, 0.30, 0.33, 0.31, 0.36)));
        assertThat(comparison.difference("weights", Tested::balancedAccuracy).isApartFromZero())
                .isFalse();
        assertThat(new ComparisonPage(comparison).sentence()).endsWith("no significant difference.");
    }

    @Test
    void aNegativeIntervalIsReportedAsHarm() {
        Comparison comparison = of(List.of(NONE, outcomes("random-under", 0.20, 0.24, 0.18, 0.26, 0.22)));
        assertThat(new ComparisonPage(comparison).sentence()).endsWith("-10.0 points (-10.0 to -10.0): it harmed.");
    }

    @Test
    void oneSeedDoesNotAllowAConclusion() {
        Comparison comparison = of(List.of(outcomes("none", 0.3), outcomes("auto", 0.4)));
        assertThat(new ComparisonPage(comparison).markdown("t", "p.png"))
                .contains("one seed does not allow a conclusion")
                .doesNotContain("NaN");
        assertThat(new String(ChartFormat.SVG.of(new ComparisonPlot(comparison)), UTF_8))
                .contains(">none<", ">auto<")
                .doesNotContain("NaN");
    }

    @Test
    void thePageHasEveryStrategyEveryClassAndTheStandardError() {
        Comparison comparison = of(List.of(NONE, outcomes("auto", 0.34, 0.36, 0.34, 0.39, 0.37)));
        assertThat(new ComparisonPage(comparison).markdown("wikiart6 at side 96", "compare.png"))
                .startsWith("# wikiart6 at side 96")
                .contains("| `none` | 1,215 | 30 | 1,140 | 32.0 ± 1.4 % | 32.0 ± 1.4 % |")
                .contains("| Baroque | 40 | 32.0 ± 1.4 % | 36.0 ± 0.9 % |")
                .contains("| Cubism | 20 | 68.0 ± 1.4 % | 64.0 ± 0.9 % |")
                // (0.32 · 60 + 2) / 64 = 0.33125, and √(0.33125 · 0.66875 / 64)
                .contains("with 60 test images one standard error of an accuracy is 5.9 points");
    }

    @Test
    void aProgramGetsEveryTrainingAndTheInterval() throws Exception {
        Comparison comparison = of(List.of(NONE, outcomes("auto", 0.34, 0.36, 0.34, 0.39, 0.37)));
        JsonNode json = EventCodec.json().readTree(new ComparisonPage(comparison).json());
        assertThat(json.at("/tested").intValue()).isEqualTo(60);
        assertThat(json.at("/strategies/0/more").isMissingNode()).isTrue();
        assertThat(json.at("/strategies/1/strategy").asText()).isEqualTo("auto");
        assertThat(json.at("/strategies/1/more").doubleValue()).isCloseTo(0.04, within(1e-12));
        assertThat(json.at("/strategies/1/interval95/0").doubleValue()).isCloseTo(0.020371, within(1e-6));
        assertThat(json.at("/strategies/1/trainings/4/seed").intValue()).isEqualTo(46);
        assertThat(json.at("/strategies/1/trainings/4/test/balancedAccuracy").doubleValue())
                .isEqualTo(0.37);
    }

    @Test
    void rejectsStrategiesWithDifferentSeeds() {
        assertThatThrownBy(() -> of(List.of(NONE, outcomes("auto", 0.3, 0.4))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("auto has the seeds [42, 43]");
    }

    @ParameterizedTest
    @CsvSource({
        "none,         1215",
        "weights,      1215",
        "auto,         3100",
        "random-over,  3100",
        "random-under, 75",
        "atLeast:200,  1570"
    })
    void rowsOfAnEpochFollowFromTheClasses(String name, long rows) {
        // The last class has no training images, so none can be synthesized.
        assertThat(Candidate.read(name).rows(List.of(620L, 350L, 200L, 30L, 15L, 0L)))
                .isEqualTo(rows);
    }

    @ParameterizedTest
    @CsvSource({
        "none,         smote,         \"none\"",
        "weights,      class-weights, \"none\"",
        "random-under, random-under,  \"auto\"",
        "atLeast:200,  smote,         {\"atLeast\":200}"
    })
    void eachCandidateIsAValidSpecification(String name, String method, String strategy) throws Exception {
        ObjectNode spec =
                EventCodec.json().createObjectNode().put("dataset", "a").put("uri", "file:///a");
        Candidate.read(name).into(spec);
        RunSpec.parse(spec);
        assertThat(spec.at("/balance/method").asText()).isEqualTo(method);
        assertThat(spec.at("/balance/strategy").toString()).isEqualTo(strategy);
    }

    @Test
    void anUnknownStrategyListsTheAllowedOnes() {
        assertThatThrownBy(() -> Candidate.read("smote"))
                .hasMessage("'smote' is not a strategy; allowed are none, atLeast:N, auto, weights, random-over,"
                        + " random-under");
    }
}
