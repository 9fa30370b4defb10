package io.peregrine.ingest.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.artifacts.PixelPack;
import io.peregrine.artifacts.store.ArtifactPublisher;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec.SplitSpec;
import io.peregrine.ingest.findings.Finding;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.ingest.findings.Findings;
import io.peregrine.parallel.WorkerPool;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// All files of a dataset that should become images, in row order. The order is fixed before decoding: a rejected
/// file leaves a gap, and no other row moves. The listing is an artifact, so that all packs of a run are made
/// from the same list.
///
/// @param classes in label order, sorted by code points
/// @param rows sorted by split, class and path, in code point order
/// @param duplicatesAcrossSplits number of contents that are in more than one split
/// @param findings about names and skipped files
public record Listing(List<String> classes, List<Row> rows, long duplicatesAcrossSplits, Findings findings) {
    /// One listed file.
    ///
    /// @param label index of its class
    /// @param path in the class folder; for an image with a label in a metadata file, in the split folder
    /// @param file below the dataset's folder
    /// @param sha256 of its content
    /// @param metadata the other columns of its line in the metadata file, or null
    public record Row(Split split, int label, String path, String file, String sha256, ObjectNode metadata) {
        Row in(Split other) {
            return new Row(other, label, path, file, sha256, metadata);
        }
    }

    /// 256 listed files of one class and split; the last pack of a class and split has fewer.
    ///
    /// @param number position among the packs of the dataset
    /// @param from first row
    /// @param to one after the last row
    public record Range(int number, int from, int to) {}

    /// Blanks and characters that are not visible.
    private static final Pattern BLANKS = Pattern.compile("[\\s\\p{Z}\\p{Cf}]");

    public Listing {
        classes = List.copyOf(classes);
        rows = List.copyOf(rows);
        // Listings of earlier versions have no findings.
        findings = findings == null ? Findings.NONE : findings;
    }

    /// Reads a folder: walks through it, hashes every file, assigns missing splits, sorts the rows.
    ///
    /// @param root resolved by [AllowedRoots#resolve]
    /// @param between called after each file, and while label files are read; an exception from it ends the
    ///     listing
    /// @throws FailureException INPUT if the folder is not a valid dataset
    public static Listing of(
            Path root, AllowedRoots roots, SplitSpec split, WorkerPool workers, ProgressListener between)
            throws InterruptedException {
        DatasetFolder folder = DatasetFolder.read(root, roots, () -> between.after(0, 0));
        List<DatasetFolder.Found> found = folder.images();
        List<String> digests =
                workers.map(found, image -> ImageFile.digest(root.resolve(image.file()), roots), done -> {
                    between.after(done, found.size());
                });
        List<String> classes = found.stream()
                .map(DatasetFolder.Found::label)
                .distinct()
                .sorted(Listing::byCodePoint)
                .toList();
        Map<String, Integer> labels = new HashMap<>();
        classes.forEach(name -> labels.put(name, labels.size()));
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < found.size(); i++) {
            DatasetFolder.Found image = found.get(i);
            rows.add(new Row(
                    image.split(),
                    labels.get(image.label()),
                    image.path(),
                    image.file(),
                    digests.get(i),
                    image.metadata()));
        }
        List<Row> cut = new ArrayList<>(Splits.cut(rows, split, folder.given()));
        cut.sort(Comparator.comparing(Row::split)
                .thenComparing(row -> classes.get(row.label()), Listing::byCodePoint)
                .thenComparing(Row::path, Listing::byCodePoint));
        Findings.Collector findings = new Findings.Collector();
        alike(classes, findings);
        findings.addAll(folder.findings());
        return new Listing(classes, cut, duplicates(cut), findings.all());
    }

    /// Called after each file with the number of files done.
    @FunctionalInterface
    public interface ProgressListener {
        /// @param of number of files; 0 while label files are read, when it is not known yet
        void after(int done, int of);
    }

    /// Order by code points. `String.compareTo` sorts U+FFxx before emoji.
    static int byCodePoint(String a, String b) {
        int at = 0;
        while (at < a.length() && at < b.length()) {
            int left = a.codePointAt(at);
            int right = b.codePointAt(at);
            if (left != right) {
                return Integer.compare(left, right);
            }
            at += Character.charCount(left);
        }
        return Integer.compare(a.length(), b.length());
    }

    /// Finds class names that a reader, or another file system, would consider equal.
    private static void alike(List<String> classes, Findings.Collector findings) {
        Map<String, List<String>> folded = new LinkedHashMap<>();
        for (String name : classes) {
            String text = BLANKS.matcher(name).replaceAll("");
            String upper = Normalizer.normalize(text, Normalizer.Form.NFC).toUpperCase(Locale.ROOT);
            folded.computeIfAbsent(upper.toLowerCase(Locale.ROOT), key -> new ArrayList<>())
                    .add(name);
        }
        folded.values().stream()
                .filter(names -> names.size() > 1)
                .forEach(names -> findings.add(Finding.named(FindingKind.CLASS_NAMES_ALIKE, names)));
    }

    private static long duplicates(List<Row> rows) {
        Map<String, Split> first = new HashMap<>();
        Set<String> twice = new HashSet<>();
        for (Row row : rows) {
            Split split = first.putIfAbsent(row.sha256(), row.split());
            if (split != null && split != row.split() && !row.sha256().equals(ContentKeys.OF_NOTHING)) {
                twice.add(row.sha256());
            }
        }
        return twice.size();
    }

    /// @return the packs to be made, in the order of their numbers
    public List<Range> packs() {
        List<Range> packs = new ArrayList<>();
        int from = 0;
        for (int row = 1; row <= rows.size(); row++) {
            boolean ends = row == rows.size()
                    || row - from == PixelPack.LISTED
                    || rows.get(row).split() != rows.get(from).split()
                    || rows.get(row).label() != rows.get(from).label();
            if (ends) {
                packs.add(new Range(packs.size(), from, row));
                from = row;
            }
        }
        return packs;
    }

    /// @return the identifier of the row's image, the same in every run
    public String imageId(int row) {
        Row listed = rows.get(row);
        return ContentKeys.imageId(listed.split(), classes.get(listed.label()), listed.path());
    }

    public ArtifactRef publish(ArtifactPublisher publisher) {
        try {
            return publisher.publish("listing", "json", EventCodec.json().writeValueAsBytes(this));
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// @throws FailureException INTERNAL if the artifact is missing or was changed
    public static Listing open(ArtifactStore store, ArtifactRef ref) {
        return store.read(ref, Listing.class);
    }
}
