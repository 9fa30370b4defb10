package io.peregrine.balance.smote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.Safetensors;
import io.peregrine.balance.neighbours.NeighbourSearch;
import io.peregrine.balance.neighbours.Tiling;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.spec.InvalidSpecException;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.events.spec.RunSpec.BalanceSpec;
import io.peregrine.testkit.Golden;
import io.peregrine.vision.engine.EngineProduct;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// imbalanced-learn's own rows and errors for all cases in the golden folder.
@Tag("golden")
class SmoteGoldenTest {
    /// Maps part of the reference's error message to the code of this service. The first three are rejected when
    /// the specification is parsed, and are identified by the field.
    private static final Map<String, String> REFUSALS = Map.of(
            "'sampling_strategy' parameter", "/balance/strategy",
            "'k_neighbors' parameter", "/balance/neighbours",
            "'random_state' parameter", "/balance/seed",
            "only when the type of target is binary", "RATIO_NEEDS_TWO_CLASSES",
            "specified ratio required to remove samples", "RATIO_TOO_SMALL",
            "greater or equal to the original number of samples", "FEWER_THAN_PRESENT",
            "not present in the data", "CLASS_UNKNOWN",
            "cannot be negative", "COUNT_NEGATIVE",
            "needs to have more than 1 class", "ONE_CLASS",
            "Expected n_neighbors <= n_samples_fit", "CLASS_TOO_SMALL");

    record Case(JsonNode json) {
        @Override
        public String toString() {
            return json.get("name").textValue();
        }

        boolean isRefused() {
            return json.has("error");
        }
    }

    static Stream<Case> all() throws IOException {
        JsonNode cases = EventCodec.json()
                .readTree(Golden.file("manifest.json").toFile())
                .get("smote");
        assertThat(cases).isNotEmpty();
        return StreamSupport.stream(cases.spliterator(), false).map(Case::new);
    }

    static Stream<Case> refused() throws IOException {
        return all().filter(Case::isRefused);
    }

    static Stream<Case> balanced() throws IOException {
        return all().filter(one -> !one.isRefused());
    }

    /// The images of a case, as in a train split.
    ///
    /// @param distinct the labels that occur, ascending: maps an index to the reference's label
    private record Train(int values, List<MemorySegment> images, int[] labels, long[] distinct) {
        static Train open(Safetensors file) {
            long[] given = file.tensor("labels").longs();
            long[] distinct = Arrays.stream(given).distinct().sorted().toArray();
            int[] labels = Arrays.stream(given)
                    .mapToInt(label -> Arrays.binarySearch(distinct, label))
                    .toArray();
            MemorySegment pixels = file.tensor("images").data();
            int values = (int) (pixels.byteSize() / given.length);
            List<MemorySegment> images = IntStream.range(0, given.length)
                    .mapToObj(i -> pixels.asSlice((long) i * values, values))
                    .toList();
            return new Train(values, images, labels, distinct);
        }

        List<String> classes() {
            return Arrays.stream(distinct).mapToObj(Long::toString).toList();
        }

        long[] real() {
            long[] real = new long[distinct.length];
            Arrays.stream(labels).forEach(label -> real[label]++);
            return real;
        }

        int[] rowsOf(int label) {
            return IntStream.range(0, labels.length)
                    .filter(row -> labels[row] == label)
                    .toArray();
        }
    }

    private static BalanceSpec spec(JsonNode json) throws InvalidSpecException {
        ObjectNode body = EventCodec.json().createObjectNode();
        body.put("dataset", "golden").put("uri", "file:///golden");
        ObjectNode balance = body.putObject("balance");
        JsonNode strategy = json.get("sampling_strategy");
        if (strategy.isObject()) {
            balance.putObject("strategy").set("counts", strategy);
        } else {
            balance.set("strategy", strategy);
        }
        balance.set("neighbours", json.get("k_neighbors"));
        balance.set("seed", json.get("random_state"));
        return RunSpec.parse(body).balance();
    }

    private static List<RecipeShard> recipes(Train train, BalanceSpec spec, int tile) {
        BalancePlan plan = BalancePlan.of(spec.strategy(), spec.neighbours().most(), train.classes(), train.real());
        List<RecipeShard> recipes = new ArrayList<>();
        for (ClassSize size : plan.growing()) {
            int[] rows = train.rowsOf(size.label());
            List<MemorySegment> images =
                    Arrays.stream(rows).mapToObj(train.images()::get).toList();
            Tiling tiling = new Tiling(rows.length, tile, 2);
            try (NeighbourSearch search = new NeighbourSearch(
                    new EngineProduct(),
                    images,
                    train.values(),
                    spec.neighbours().most(),
                    tiling,
                    tiling.all(),
                    2)) {
                while (search.stepsDone() < search.steps()) {
                    search.step(() -> {});
                }
                recipes.add(Recipes.draw(
                        rows,
                        search.result(),
                        (int) size.synthetic(),
                        spec.seed(),
                        size.label(),
                        plan.firstOrdinal(size.label())));
            }
        }
        return recipes;
    }

    @ParameterizedTest
    @MethodSource("balanced")
    void recipesRebuildImbalancedLearnsRowsBitForBit(Case one) throws Exception {
        try (Safetensors file = Safetensors.open(Golden.file("smote-" + one + ".safetensors"))) {
            Train train = Train.open(file);
            float[] expected = file.tensor("synthetic").floats();
            long[] expectedLabels = file.tensor("synthetic_labels").longs();
            for (int tile : new int[] {16, 512}) {
                int at = 0;
                for (RecipeShard shard : recipes(train, spec(one.json()), tile)) {
                    for (int i = 0; i < shard.rows(); i++, at++) {
                        float[] synthetic = new float[train.values()];
                        RecipeShard.blend(
                                train.images().get((int) shard.base()[i]),
                                train.images().get((int) shard.neighbour()[i]),
                                shard.gap()[i],
                                synthetic,
                                0);
                        assertThat(shard.ordinal()[i]).isEqualTo(train.labels().length + at);
                        assertThat(train.distinct()[(int) shard.label()[i]]).isEqualTo(expectedLabels[at]);
                        for (int j = 0; j < synthetic.length; j++) {
                            float wanted = expected[at * synthetic.length + j];
                            if (Float.floatToRawIntBits(synthetic[j]) != Float.floatToRawIntBits(wanted)) {
                                assertThat(synthetic[j])
                                        .as("row %d, value %d", at, j)
                                        .isEqualTo(wanted);
                            }
                        }
                    }
                }
                assertThat(at).as("synthetic rows").isEqualTo(expectedLabels.length);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("balanced")
    void classSizesEqualImbalancedLearns(Case one) throws Exception {
        try (Safetensors file = Safetensors.open(Golden.file("smote-" + one + ".safetensors"))) {
            Train train = Train.open(file);
            BalanceSpec spec = spec(one.json());
            BalancePlan plan = BalancePlan.of(spec.strategy(), spec.neighbours().most(), train.classes(), train.real());
            JsonNode counts = one.json().get("result_counts");
            assertThat(plan.sizes())
                    .hasSize(counts.size())
                    .allSatisfy(size -> assertThat(size.real() + size.synthetic())
                            .as(size.name())
                            .isEqualTo(counts.get(size.name()).longValue()));
        }
    }

    @ParameterizedTest
    @MethodSource("refused")
    void whatImbalancedLearnRejectsIsRejectedForTheSameReason(Case one) throws Exception {
        String theirs = one.json().get("error").textValue();
        List<String> ours = REFUSALS.entrySet().stream()
                .filter(refusal -> theirs.contains(refusal.getKey()))
                .map(Map.Entry::getValue)
                .toList();
        assertThat(ours).as("code for the error: %s", theirs).hasSize(1);
        try (Safetensors file = Safetensors.open(Golden.file("smote-" + one + ".safetensors"))) {
            assertThat(refusal(one.json(), Train.open(file))).isEqualTo(ours.getFirst());
        }
    }

    private static String refusal(JsonNode json, Train train) {
        try {
            BalanceSpec spec = spec(json);
            BalancePlan.of(spec.strategy(), spec.neighbours().most(), train.classes(), train.real());
            return "not rejected";
        } catch (InvalidSpecException bad) {
            boolean negative = bad.errors().getFirst().found().contains(":-");
            return negative ? "COUNT_NEGATIVE" : bad.errors().getFirst().field();
        } catch (FailureException failure) {
            assertThat(failure.kind()).isEqualTo(FailureKind.INPUT);
            return failure.code();
        }
    }

    /// The result for a user who passes uint8 images to imbalanced-learn: its subtraction silently wraps around.
    @ParameterizedTest
    @MethodSource("balanced")
    void uint8ArithmeticWouldWrapAroundAndLeaveTheSegmentBetweenBaseAndNeighbour(Case one) throws Exception {
        try (Safetensors file = Safetensors.open(Golden.file("smote-" + one + ".safetensors"))) {
            Train train = Train.open(file);
            float[] expected = file.tensor("synthetic").floats();
            long darker = 0;
            long wrapped = 0;
            int at = 0;
            for (RecipeShard shard : recipes(train, spec(one.json()), 512)) {
                for (int i = 0; i < shard.rows(); i++, at++) {
                    MemorySegment base = train.images().get((int) shard.base()[i]);
                    MemorySegment neighbour = train.images().get((int) shard.neighbour()[i]);
                    for (int j = 0; j < train.values(); j++) {
                        int b = base.get(ValueLayout.JAVA_BYTE, j) & 0xff;
                        int n = neighbour.get(ValueLayout.JAVA_BYTE, j) & 0xff;
                        // numpy computes uint8 − uint8 modulo 256, but not the product with float64 and the sum.
                        double uint8 = b + shard.gap()[i] * ((n - b) & 0xff);
                        float right = expected[at * train.values() + j];
                        if (n < b && shard.gap()[i] > 0.02) {
                            darker++;
                            wrapped += uint8 > right + 1 ? 1 : 0;
                        } else if (n >= b) {
                            assertThat(uint8).isEqualTo(right, within(1e-4));
                        }
                    }
                }
            }
            // Checks the values where the neighbour is darker than the base. There are none only if no class had
            // to grow.
            assertThat(darker > 0).isEqualTo(at > 0);
            assertThat(wrapped).isEqualTo(darker);
        }
    }
}
