package io.peregrine.ingest.pack;

import io.peregrine.artifacts.Manifest;
import io.peregrine.events.FailureException;
import io.peregrine.events.Split;
import io.peregrine.ingest.dataset.Listing;
import io.peregrine.ingest.dataset.Listing.Range;
import io.peregrine.ingest.dataset.Listing.Row;
import io.peregrine.ingest.pack.PackMaker.DecodedPack;
import io.peregrine.ingest.pack.PackMaker.Rejection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// The result of every listed file, after all packs are made.
///
/// @param manifest one row for each listed file
/// @param images number of accepted images
/// @param testImages number of accepted images in the test split
public record SealedDataset(
        Manifest manifest, long images, long testImages, long refused, long duplicatesAcrossSplits) {

    /// @param packs in the order of their numbers
    /// @param side of every image
    /// @throws FailureException INPUT if a class has no training images left
    public static SealedDataset of(Listing listing, List<DecodedPack> packs, int side) {
        List<Manifest.Entry> entries = new ArrayList<>();
        long refused = 0;
        for (Range range : listing.packs()) {
            Rejection[] refusals = new Rejection[range.to() - range.from()];
            packs.get(range.number()).refusals().forEach(refusal -> refusals[refusal.place()] = refusal);
            int index = 0;
            for (int row = range.from(); row < range.to(); row++) {
                Row listed = listing.rows().get(row);
                Rejection refusal = refusals[row - range.from()];
                entries.add(new Manifest.Entry(
                        listed.label(),
                        listed.split(),
                        refusal == null ? range.number() : -1,
                        refusal == null ? index++ : -1,
                        listed.path(),
                        listed.sha256(),
                        refusal == null ? null : refusal.reason().name(),
                        listed.metadata()));
            }
            refused +=
                    Arrays.stream(refusals).filter(refusal -> refusal != null).count();
        }
        Manifest manifest = new Manifest(
                side, listing.classes(), packs.stream().map(DecodedPack::pixels).toList(), entries);
        requireTrainingImages(listing, entries);
        long testImages = entries.stream()
                .filter(entry -> entry.split() == Split.TEST && entry.reason() == null)
                .count();
        return new SealedDataset(
                manifest, entries.size() - refused, testImages, refused, listing.duplicatesAcrossSplits());
    }

    private static void requireTrainingImages(Listing listing, List<Manifest.Entry> entries) {
        long[] accepted = new long[listing.classes().size()];
        List<Map<String, Long>> reasons = new ArrayList<>();
        listing.classes().forEach(label -> reasons.add(new TreeMap<>()));
        for (Manifest.Entry entry : entries) {
            if (entry.split() == Split.TRAIN && entry.reason() == null) {
                accepted[entry.label()]++;
            } else if (entry.split() == Split.TRAIN) {
                reasons.get(entry.label()).merge(entry.reason(), 1L, Long::sum);
            }
        }
        for (int label = 0; label < accepted.length; label++) {
            if (accepted[label] == 0) {
                throw FailureException.input(
                        "CLASS_REFUSED",
                        "class '%s' has no training images left: all were rejected (%s); fix its images or remove its folder"
                                .formatted(listing.classes().get(label), described(reasons.get(label))));
            }
        }
    }

    private static String described(Map<String, Long> reasons) {
        return reasons.entrySet().stream()
                .map(reason -> reason.getKey() + " " + reason.getValue())
                .collect(Collectors.joining(", "));
    }
}
