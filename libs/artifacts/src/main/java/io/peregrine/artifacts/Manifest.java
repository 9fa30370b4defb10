package io.peregrine.artifacts;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.Split;
import java.util.List;
import java.util.stream.IntStream;

/// Every listed file of a dataset, one row each, sorted by split, class and path; a refused one keeps its row.
///
/// Two artifacts: tensors `row`, `label`, `pack`, `index` i64 [n] and `split` u8 [n] for programs, and beside
/// them `manifest.json` with classes in label order, packs in order and each row's path, digest, if refused its
/// reason, and what else a metadata file said of it.
public final class Manifest {
    /// One listed file.
    ///
    /// @param label index of its class
    /// @param pack number of its pack; −1: refused
    /// @param index place in the pack; −1: refused
    /// @param path in the class folder
    /// @param sha256 of the file
    /// @param reason why it was refused, or null
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
        /// A file of which no metadata file tells more.
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

    /// @param side of every pack's images
    /// @param classes in label order
    /// @param packs in the order of their numbers
    /// @param entries in row order
    public Manifest(int side, List<String> classes, List<ArtifactRef> packs, List<Entry> entries) {
        this.side = side;
        this.classes = List.copyOf(classes);
        this.packs = List.copyOf(packs);
        this.entries = List.copyOf(entries);
    }

    public ManifestRef publish(ArtifactStore store) {
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
                    store.publish("manifest", "safetensors", tensors::writeTo),
                    store.publish("manifest", "json", json));
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// @throws Failure OURS, if an artifact is missing or changed, or the two do not belong together
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

    /// @return number of listed files, refused ones too
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

    /// @return number of the row's pack; −1: refused
    public int pack(int row) {
        return entries.get(row).pack();
    }

    /// @return the row's place in its pack; −1: refused
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

    /// @return why the row was refused, or null
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
