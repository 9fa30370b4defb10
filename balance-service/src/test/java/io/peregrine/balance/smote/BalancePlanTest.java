package io.peregrine.balance.smote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.RunRef;
import io.peregrine.events.spec.RunSpec.Strategy;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BalancePlanTest {
    private static final List<String> STYLES = List.of("Baroque", "Cubism", "Fauvism", "Pointillism");

    private static List<Long> synthetic(Strategy strategy, long... real) {
        return BalancePlan.of(strategy, 5, STYLES.subList(0, real.length), real).sizes().stream()
                .map(ClassSize::synthetic)
                .toList();
    }

    private static FailureException refusal(Strategy strategy, int neighbours, long... real) {
        FailureException failure = catchThrowableOfType(
                FailureException.class,
                () -> BalancePlan.of(strategy, neighbours, STYLES.subList(0, real.length), real));
        assertThat(failure.kind()).isEqualTo(FailureKind.INPUT);
        return failure;
    }

    @Test
    void eachStrategyGrowsItsClasses() {
        assertThat(synthetic(new Strategy.None(), 10, 30, 20)).containsExactly(0L, 0L, 0L);
        assertThat(synthetic(new Strategy.Auto(), 10, 30, 20)).containsExactly(20L, 0L, 10L);
        assertThat(synthetic(new Strategy.All(), 10, 30, 20)).containsExactly(20L, 0L, 10L);
        assertThat(synthetic(new Strategy.Minority(), 10, 30, 20)).containsExactly(20L, 0L, 0L);
        assertThat(synthetic(new Strategy.NotMinority(), 10, 30, 20)).containsExactly(0L, 0L, 10L);
        assertThat(synthetic(new Strategy.AtLeast(25), 10, 30, 20)).containsExactly(15L, 0L, 5L);
        assertThat(synthetic(new Strategy.Ratio(0.75), 80, 13)).containsExactly(0L, 47L);
        assertThat(synthetic(new Strategy.Counts(Map.of("Cubism", 31L)), 10, 30, 20))
                .containsExactly(0L, 1L, 0L);
    }

    @Test
    void ofEquallySmallClassesTheFirstIsTheMinority() {
        assertThat(synthetic(new Strategy.Minority(), 30, 10, 10)).containsExactly(0L, 20L, 0L);
        assertThat(synthetic(new Strategy.NotMinority(), 30, 10, 10)).containsExactly(0L, 0L, 20L);
        assertThat(synthetic(new Strategy.Minority(), 10, 10)).containsExactly(0L, 0L);
    }

    @Test
    void aClassWithoutTrainingImagesStaysEmptyAndIsIgnored() {
        assertThat(synthetic(new Strategy.Auto(), 10, 0, 20)).containsExactly(10L, 0L, 0L);
        assertThat(synthetic(new Strategy.AtLeast(15), 10, 0, 20)).containsExactly(5L, 0L, 0L);
        assertThat(synthetic(new Strategy.Ratio(1), 0, 10, 20)).containsExactly(0L, 10L, 0L);
        assertThat(refusal(new Strategy.Counts(Map.of("Cubism", 9L)), 5, 10, 0, 20))
                .extracting(FailureException::code)
                .isEqualTo("CLASS_UNKNOWN");
        assertThat(refusal(new Strategy.Auto(), 5, 10, 0).code()).isEqualTo("ONE_CLASS");
        assertThat(refusal(new Strategy.None(), 5, 0, 0).code()).isEqualTo("NO_TRAINING_IMAGES");
    }

    @Test
    void ordinalsContinueAfterTheRealRowsClassByClass() {
        BalancePlan plan = BalancePlan.of(new Strategy.Auto(), 5, STYLES, new long[] {10, 30, 20, 29});
        assertThat(plan.rows()).isEqualTo(120);
        assertThat(plan.growing()).extracting(ClassSize::name).containsExactly("Baroque", "Fauvism", "Pointillism");
        assertThat(plan.growing())
                .extracting(size -> plan.firstOrdinal(size.label()))
                .containsExactly(89L, 109L, 119L);
    }

    @Test
    void aClassThatIsTooSmallIsReportedWithItsCountAndARemedy() {
        FailureException failure = refusal(new Strategy.Auto(), 5, 5, 30, 3, 6);
        assertThat(failure.code()).isEqualTo("CLASS_TOO_SMALL");
        assertThat(failure)
                .hasMessageContainingAll(
                        "5 of class Baroque", "3 of class Fauvism", "5 neighbours", "at least 6", "at most 2")
                .message()
                .doesNotContain("Pointillism");
        // No number of neighbours is valid for a single image.
        assertThat(refusal(new Strategy.Auto(), 1, 1, 30))
                .hasMessageContaining("has no neighbours")
                .message()
                .doesNotContain("at most 0");
        // A class that need not grow may have any size.
        assertThat(synthetic(new Strategy.NotMinority(), 1, 30, 20)).containsExactly(0L, 0L, 10L);
    }

    @Test
    void ofTwentySevenClassesOnlyThoseThatNeedItGrow() {
        List<String> classes =
                IntStream.range(0, 27).mapToObj("Style_%02d"::formatted).toList();
        long[] real = IntStream.range(0, 27)
                .mapToLong(i -> i % 4 == 3 ? 10 + i : 200 + i)
                .toArray();
        BalancePlan plan = BalancePlan.of(new Strategy.AtLeast(200), 5, classes, real);

        assertThat(plan.growing())
                .extracting(ClassSize::name)
                .containsExactly("Style_03", "Style_07", "Style_11", "Style_15", "Style_19", "Style_23");
        assertThat(plan.sizes())
                .allSatisfy(size ->
                        assertThat(size.real() + size.synthetic()).isEqualTo(Math.max(200, real[size.label()])));
        // If every class is large enough, no synthetic rows are planned.
        assertThat(BalancePlan.of(new Strategy.AtLeast(10), 5, classes, real).growing())
                .isEmpty();
    }

    @Test
    void everyOtherErrorStatesWhatWasFoundAndWhatToDo() {
        assertThat(refusal(new Strategy.Counts(Map.of("Cubsim", 9L)), 5, 10, 20))
                .hasMessageContainingAll("Cubsim", "Baroque, Cubism");
        assertThat(refusal(new Strategy.Counts(Map.of("Cubism", -5L)), 5, 10, 20))
                .returns("COUNT_NEGATIVE", FailureException::code)
                .hasMessageContainingAll("-5", "Cubism", "20");
        assertThat(refusal(new Strategy.Counts(Map.of("Cubism", 19L)), 5, 10, 20))
                .hasMessageContainingAll("19", "Cubism", "at least 20");
        assertThat(refusal(new Strategy.Ratio(0.5), 5, 10, 20))
                .returns("RATIO_TOO_SMALL", FailureException::code)
                .hasMessageContainingAll("0.5", "Cubism", "Baroque", "above 0.5");
        assertThat(refusal(new Strategy.Ratio(0.5), 5, 10, 20, 30)).hasMessageContainingAll("two classes", "3 have");
        assertThat(refusal(new Strategy.Ratio(1.5), 5, 10, 20).code()).isEqualTo("RATIO_OUT_OF_RANGE");
        assertThat(refusal(new Strategy.Auto(), 0, 10, 20).code()).isEqualTo("NEIGHBOURS_OUT_OF_RANGE");
        assertThat(refusal(new Strategy.AtLeast(Long.MAX_VALUE), 5, 10, 20))
                .returns("SET_TOO_LARGE", FailureException::code)
                .hasMessageContaining("8388608");
    }

    /// The bound exists so that one event can list all shards for the trainer.
    @Test
    void theLargestBalancedSetFitsInOneEvent() {
        String digest = "f".repeat(64);
        ArtifactRef shard = new ArtifactRef("store:shard/ff/" + digest + ".safetensors", digest, 164_400);
        DatasetBalanced largest = new DatasetBalanced(
                new RunRef(digest.substring(32), "a dataset of some name", shard),
                new ManifestRef(shard, shard),
                Collections.nCopies(
                        (int) Math.ceilDiv(BalancePlan.MOST_ROWS, BalancedSet.shardRows(BalancePlan.MOST_ROWS)), shard),
                shard,
                BalancePlan.MOST_ROWS,
                BalancePlan.MOST_ROWS);
        assertThat(EventCodec.data(largest)).hasSizeLessThan(EventCodec.MAX_BYTES * 2 / 3);
    }
}
