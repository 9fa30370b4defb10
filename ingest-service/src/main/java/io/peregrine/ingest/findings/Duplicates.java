package io.peregrine.ingest.findings;

import io.peregrine.artifacts.Manifest;
import io.peregrine.ingest.findings.Finding.Image;
import io.peregrine.ingest.findings.NearDuplicates.Pair;
import io.peregrine.parallel.WorkerPool;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/// Finds duplicate images in a dataset. Byte-identical images are found across classes (contradictory labels) and
/// across splits (a test image that was trained with). Similar images are found everywhere, by perceptual hash.
public final class Duplicates {
    private final IntFunction<String> imageIds;
    private final Manifest manifest;

    private Duplicates(IntFunction<String> imageIds, Manifest manifest) {
        this.imageIds = imageIds;
        this.manifest = manifest;
    }

    /// @param imageIds the image id of each row of the manifest
    /// @param hashes of the images of each pack ([PackHashes])
    /// @param between called between parts of the search; an exception from it ends the search
    public static Findings find(
            IntFunction<String> imageIds,
            Manifest manifest,
            List<long[]> hashes,
            WorkerPool workers,
            IntConsumer between)
            throws InterruptedException {
        return new Duplicates(imageIds, manifest).find(hashes, workers, between);
    }

    private Findings find(List<long[]> hashes, WorkerPool workers, IntConsumer between) throws InterruptedException {
        Map<String, List<Integer>> copies = new LinkedHashMap<>();
        for (int row = 0; row < manifest.rows(); row++) {
            if (manifest.pack(row) >= 0) {
                copies.computeIfAbsent(manifest.sha256(row), content -> new ArrayList<>())
                        .add(row);
            }
        }
        Findings.Collector findings = new Findings.Collector();
        for (List<Integer> rows : copies.values()) {
            if (differ(rows, manifest::label)) {
                findings.add(finding(FindingKind.IDENTICAL_ACROSS_CLASSES, rows, null));
            }
            if (differ(rows, row -> manifest.split(row).code())) {
                findings.add(finding(FindingKind.IDENTICAL_ACROSS_SPLITS, rows, null));
            }
        }
        findings.addAll(near(copies.values().stream().map(List::getFirst).toList(), hashes, workers, between));
        return findings.all();
    }

    /// @param rows one row for each content
    private Findings near(List<Integer> rows, List<long[]> hashes, WorkerPool workers, IntConsumer between)
            throws InterruptedException {
        int[] distinctive = rows.stream()
                .mapToInt(row -> row)
                .filter(row -> hash(hashes, row).isDistinctive())
                .toArray();
        NearDuplicates near = NearDuplicates.among(
                IntStream.of(distinctive).mapToObj(row -> hash(hashes, row)).toList(),
                (a, b) -> relation(distinctive[a], distinctive[b]),
                workers,
                between);
        Findings.Collector findings = new Findings.Collector();
        for (Pair pair : near.nearest()) {
            findings.add(finding(pair.kind(), List.of(distinctive[pair.a()], distinctive[pair.b()]), pair.distance()));
        }
        return new Findings(near.totals(), findings.all().kept());
    }

    private DHash hash(List<long[]> hashes, int row) {
        return PackHashes.at(hashes.get(manifest.pack(row)), manifest.index(row));
    }

    private List<FindingKind> relation(int a, int b) {
        boolean classes = manifest.label(a) != manifest.label(b);
        boolean splits = manifest.split(a) != manifest.split(b);
        if (classes && splits) {
            return List.of(FindingKind.NEAR_ACROSS_CLASSES, FindingKind.NEAR_ACROSS_SPLITS);
        }
        return List.of(
                classes
                        ? FindingKind.NEAR_ACROSS_CLASSES
                        : splits ? FindingKind.NEAR_ACROSS_SPLITS : FindingKind.NEAR_IN_CLASS);
    }

    private static boolean differ(List<Integer> rows, IntUnaryOperator side) {
        return rows.stream().mapToInt(side::applyAsInt).distinct().count() > 1;
    }

    /// Lists one image of each class and split first, so that a thousand copies in one do not hide the one in
    /// another.
    private Finding finding(FindingKind kind, List<Integer> rows, Integer distance) {
        Map<List<Object>, Integer> sides = new LinkedHashMap<>();
        rows.forEach(row -> sides.putIfAbsent(List.of(manifest.label(row), manifest.split(row)), row));
        Set<Integer> shown = new LinkedHashSet<>(sides.values());
        shown.addAll(rows.subList(0, Math.min(rows.size(), Finding.SHOWN)));
        List<Image> images =
                shown.stream().limit(Finding.SHOWN).map(this::image).toList();
        return new Finding(kind, images, List.of(), rows.size(), distance, null, null);
    }

    private Image image(int row) {
        return new Image(
                imageIds.apply(row),
                row,
                manifest.split(row),
                manifest.classes().get(manifest.label(row)),
                manifest.path(row));
    }
}
