package io.peregrine.artifacts;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.artifacts.store.ArtifactPublisher;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.Split;
import java.util.List;
import java.util.stream.IntStream;

/// The listed files of a dataset, one row per file, sorted by split, class and path. Rejected files keep their
/// rows.
///
/// It consists of two artifacts. The tensors `row`, `label`, `pack`, `index` i64 [n] and `split` u8 [n] are for
/// programs. The file `manifest.json` contains the classes in label order, the packs in order, and for each row
/// its path, digest, rejection reason if any, and further columns of its metadata file.
public final class Manifest {
    /// One listed file.
    ///
    /// @param label index of its class
    /// @param pack number of its pack; −1 if it was rejected
    /// @param index index in the pack; −1 if it was rejected
    /// @param path path in the class folder
    /// @param sha256 digest of the file
    /// @param reason why it was rejected, or null
    /// @param metadata further columns of its line in a metadata file, or null
    public record Entry(
            int label,
            Split split,
            int pack,
            int index,
            String path,
            String sha256,
            String reason,
            ObjectNode metadata) {
        /// A file without further metadata.
        public Entry(int label, Split split, int pack, int index, String path, String sha256, String reason) {
            this(label, split, pack, index, path, sha256, reason, null);
        }
    }

    private record Row(String path, String sha256, String reason, ObjectNode metadata) {}

    private record Beside(int side, List<String> classes, List<ArtifactRef> packs, List<Row> rows) {}

    private static final ObjectMapper JSON = EventCodec.json();

    private final int side;
    private final List<String> classes;
    private final List<ArtifactRef> packs;
    private final List<Entry> entries;

    /// @param side side length of all images
    /// @param classes in label order
    /// @param packs in the order of their numbers
    /// @param entries in row order
    public Manifest(int side, List<String> classes, List<ArtifactRef> packs, List<Entry> entries) {
        this.side = side;
        this.classes = List.copyOf(classes);
        this.packs = List.copyOf(packs);
        this.entries = List.copyOf(entries);
    }

    public ManifestRef publish(ArtifactPublisher publisher) {
        int n = entries.size();
        long[] shape = {n};
        byte[] split = new byte[n];
        for (int row = 0; row < n; row++) {
            split[row] = (byte) split(row).code();
        }
        SafetensorsWriter tensors = new SafetensorsWriter()
                .metadata("format", "peregrine-manifest-1")
                .add("row", shape, IntStream.range(0, n).asLongStream().toArray())
                .add("label", shape, entries.stream().mapToLong(Entry::label).toArray())
                .add("pack", shape, entries.stream().mapToLong(Entry::pack).toArray())
                .add("index", shape, entries.stream().mapToLong(Entry::index).toArray())
                .add("split", shape, split);
        List<Row> rows = entries.stream()
                .map(e -> new Row(e.path(), e.sha256(), e.reason(), e.metadata()))
                .toList();
        try {
            byte[] json = JSON.writeValueAsBytes(new Beside(side, classes, packs, rows));
            return new ManifestRef(
                    publisher.publish("manifest", "safetensors", tensors::writeTo),
                    publisher.publish("manifest", "json", json));
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// @throws FailureException INTERNAL if an artifact is missing or changed, or the two do not match
    public static Manifest open(ArtifactStore store, ManifestRef ref) {
        try (Safetensors tensors = Safetensors.open(store, ref.tensors())) {
            Beside beside = store.read(ref.json(), Beside.class);
            long[] label = tensors.tensor("label").longs();
            long[] pack = tensors.tensor("pack").longs();
            long[] index = tensors.tensor("index").longs();
            byte[] split = tensors.tensor("split").bytes();
            if (label.length != beside.rows().size()) {
                throw FailureException.internal(
                        "MANIFEST_CORRUPT",
                        "%s has %d rows, %s has %d"
                                .formatted(
                                        ref.tensors().uri(),
                                        label.length,
                                        ref.json().uri(),
                                        beside.rows().size()),
                        null);
            }
            List<Entry> entries = IntStream.range(0, label.length)
                    .mapToObj(i -> {
                        Row row = beside.rows().get(i);
                        return new Entry(
                                (int) label[i],
                                Split.of(split[i]),
                                (int) pack[i],
                                (int) index[i],
                                row.path(),
                                row.sha256(),
                                row.reason(),
                                row.metadata());
                    })
                    .toList();
            return new Manifest(beside.side(), beside.classes(), beside.packs(), entries);
        }
    }

    /// @return number of listed files, including rejected ones
    public int rows() {
        return entries.size();
    }

    /// @return pixels along each image's side
    public int side() {
        return side;
    }

    /// @return class names in label order
    public List<String> classes() {
        return classes;
    }

    /// @return packs in the order of their numbers
    public List<ArtifactRef> packs() {
        return packs;
    }

    /// @return index of the row's class
    public int label(int row) {
        return entries.get(row).label();
    }

    public Split split(int row) {
        return entries.get(row).split();
    }

    /// @return number of the row's pack; −1 if it was rejected
    public int pack(int row) {
        return entries.get(row).pack();
    }

    /// @return the row's index in its pack; −1 if it was rejected
    public int index(int row) {
        return entries.get(row).index();
    }

    /// @return path in the class folder
    public String path(int row) {
        return entries.get(row).path();
    }

    /// @return digest of the file, 64 hexadecimal digits
    public String sha256(int row) {
        return entries.get(row).sha256();
    }

    /// @return why the row was rejected, or null
    public String reason(int row) {
        return entries.get(row).reason();
    }

    /// @return further columns of the row's line in a metadata file, or null
    public ObjectNode metadata(int row) {
        return entries.get(row).metadata();
    }

    /// @return accepted rows of a split, ascending
    public int[] rowsOf(Split split) {
        return IntStream.range(0, rows())
                .filter(row -> pack(row) >= 0 && split(row) == split)
                .toArray();
    }

    /// @return accepted rows of a split and class, ascending
    public int[] rowsOf(Split split, int label) {
        return IntStream.of(rowsOf(split)).filter(row -> label(row) == label).toArray();
    }
}
