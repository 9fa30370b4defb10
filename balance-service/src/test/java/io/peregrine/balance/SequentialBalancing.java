package io.peregrine.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.RunSpecs;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.balance.neighbours.NeighbourSearch;
import io.peregrine.balance.neighbours.Tiling;
import io.peregrine.balance.smote.BalancePlan;
import io.peregrine.balance.smote.BalancedSet;
import io.peregrine.balance.smote.ClassSize;
import io.peregrine.balance.smote.RandomPicks;
import io.peregrine.balance.smote.Recipes;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec.BalanceSpec;
import io.peregrine.events.spec.RunSpec.BaseSampling;
import io.peregrine.events.spec.RunSpec.Method;
import io.peregrine.vision.engine.PlainProduct;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// Balances a sealed dataset with the core alone: no jobs, no database, each class in one tile with plain
/// products.
final class SequentialBalancing {
    private SequentialBalancing() {}

    static List<RecipeShard> shards(ArtifactStore store, DatasetSealed sealed) throws IOException {
        BalanceSpec spec = RunSpecs.open(store, sealed.run()).balance();
        Manifest manifest = Manifest.open(store, sealed.manifest());
        long[] real = IntStream.range(0, manifest.classes().size())
                .mapToLong(label -> manifest.rowsOf(Split.TRAIN, label).length)
                .toArray();
        BalancePlan plan = BalancePlan.of(spec.method(), spec.strategy(), spec.neighbours(), manifest.classes(), real);
        IntFunction<int[]> rowsOf = label -> manifest.rowsOf(Split.TRAIN, label);
        int[] rows = spec.method() == Method.RANDOM_UNDER
                ? RandomPicks.under(plan, spec.strategy(), rowsOf, spec.seed())
                : manifest.rowsOf(Split.TRAIN);
        int[] labels = Arrays.stream(rows).map(manifest::label).toArray();
        List<RecipeShard> recipes = switch (spec.method()) {
            case SMOTE -> smote(store, manifest, spec, plan);
            case RANDOM_OVER -> RandomPicks.over(plan, rowsOf, spec.seed());
            case RANDOM_UNDER, CLASS_WEIGHTS -> List.of();
        };
        BalancedSet set = new BalancedSet(rows, labels, recipes, spec.seed());
        return IntStream.range(0, set.shards()).mapToObj(set::shard).toList();
    }

    static void assertEqual(RecipeShard found, RecipeShard expected) {
        assertThat(found.base()).isEqualTo(expected.base());
        assertThat(found.neighbour()).isEqualTo(expected.neighbour());
        assertThat(found.gap()).isEqualTo(expected.gap());
        assertThat(found.label()).isEqualTo(expected.label());
        assertThat(found.ordinal()).isEqualTo(expected.ordinal());
    }

    private static List<RecipeShard> smote(ArtifactStore store, Manifest manifest, BalanceSpec spec, BalancePlan plan) {
        List<RecipeShard> recipes = new ArrayList<>();
        try (PixelRows pixels = new PixelRows(store, manifest)) {
            for (ClassSize size : plan.growing()) {
                int[] rows = manifest.rowsOf(Split.TRAIN, size.label());
                List<MemorySegment> images =
                        Arrays.stream(rows).mapToObj(pixels::image).toList();
                Tiling tiling = new Tiling(rows.length, rows.length, 1);
                try (NeighbourSearch search = new NeighbourSearch(
                        new PlainProduct(),
                        images,
                        pixels.values(),
                        spec.neighbours().of(size.real()),
                        tiling,
                        tiling.all(),
                        1)) {
                    search.step(() -> {});
                    int synthetic = (int) size.synthetic();
                    long first = plan.firstOrdinal(size.label());
                    recipes.add(
                            spec.baseSampling() == BaseSampling.EVEN
                                    ? Recipes.drawEvenly(
                                            rows, search.result(), synthetic, spec.seed(), size.label(), first)
                                    : Recipes.draw(rows, search.result(), synthetic, spec.seed(), size.label(), first));
                }
            }
        }
        return recipes;
    }
}
