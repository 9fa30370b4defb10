package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.common.KafkaException;
import org.awaitility.Awaitility;

/// Runs of tiny datasets that are published for as long as a test disturbs Peregrine, and records that are no
/// events among them. What each run must leave is known from an undisturbed one of the same dataset and
/// specification.
final class SteadyRuns implements AutoCloseable {
    private static final int OPEN = 5;
    private static final String SPEC = """
            {"image":{"side":%d},"balance":{"strategy":"auto","neighbours":3},
             "classifier":{"preset":"seed-cnn","epochs":%d,"batchSize":16},
             "autoencoder":{"preset":"seed-autoencoder","epochs":%d,"batchSize":16,"latent":12}}""";

    private record Dataset(String name, Path folder, String spec) {}

    @FunctionalInterface
    private interface Publication {
        void publish() throws Exception;
    }

    private final PeregrineFixture house;
    private final List<Dataset> datasets = new ArrayList<>();
    private final Random random;
    private final Map<Dataset, Map<String, String>> undisturbed = new LinkedHashMap<>();
    private final Map<String, Dataset> runs = new ConcurrentHashMap<>();
    private Thread publisher;
    private volatile boolean stopping;
    private volatile String fault;
    private int names;

    /// @param folder below a root; datasets are made there
    SteadyRuns(PeregrineFixture house, Path folder, long seed) throws IOException {
        this.house = house;
        this.random = new Random(seed);
        Path two = folder.resolve("two");
        SyntheticPaintings.write(two, 16, 3, 14, 9);
        Path damaged = folder.resolve("damaged");
        SyntheticPaintings.write(damaged, 32, 3, 20, 12, 8);
        Files.writeString(damaged.resolve("train/Style_1/cut.png"), "\u0089PNG no more");
        Path larger = folder.resolve("larger");
        SyntheticPaintings.write(larger, 64, 6, 40, 25, 12);
        datasets.add(new Dataset("two", two, SPEC.formatted(16, 2, 2)));
        datasets.add(new Dataset("damaged", damaged, SPEC.formatted(32, 6, 4)));
        datasets.add(new Dataset("larger", larger, SPEC.formatted(64, 12, 8)));
        datasets.add(new Dataset("missing", folder.resolve("missing"), SPEC.formatted(16, 1, 1)));
    }

    /// Has one run of each dataset end undisturbed, and keeps what they left.
    void measure() throws Exception {
        for (Dataset dataset : datasets) {
            String run = house.publish("undisturbed-" + dataset.name(), dataset.folder(), dataset.spec());
            house.awaitEnd(run);
            Map<String, String> left = outcome(run);
            String end = left.get("end");
            String right = dataset.name().equals("missing") ? "FOLDER_MISSING" : "RunCompleted";
            if (!right.equals(end)) {
                throw new AssertionError("The undisturbed run of %s ended with %s.".formatted(dataset.name(), end));
            }
            undisturbed.put(dataset, left);
        }
    }

    /// Publishes from now on, as soon as fewer than five runs are open.
    void begin() {
        publisher = Thread.ofPlatform().daemon().name("publisher").start(() -> {
            try {
                while (!stopping) {
                    if (open().size() < OPEN) {
                        publishAny();
                    } else {
                        TimeUnit.MILLISECONDS.sleep(100);
                    }
                }
            } catch (Exception | Error e) {
                fault = "the publisher ended: " + e;
            }
        });
    }

    private void publishAny() throws Exception {
        Dataset dataset = datasets.get(random.nextInt(datasets.size()));
        publish(dataset, "disturbed-" + ++names);
        if (random.nextInt(3) == 0) {
            String topic = List.copyOf(Topics.partitions().keySet()).get(random.nextInt(5));
            byte[] garbage = ("garbage " + names).getBytes(UTF_8);
            surely(() -> house.publishBytes(topic, garbage));
        }
    }

    private String publish(Dataset dataset, String name) throws Exception {
        String[] run = new String[1];
        surely(() -> run[0] = house.publish(name, dataset.folder(), dataset.spec()));
        runs.put(run[0], dataset);
        return run[0];
    }

    /// As a producer does that must not lose anything: again, until the broker has acknowledged it. The broker
    /// may have taken it before; a repeat is the same run.
    private static void surely(Publication publication) throws Exception {
        while (true) {
            try {
                publication.publish();
                return;
            } catch (ExecutionException | KafkaException away) {
                TimeUnit.MILLISECONDS.sleep(500);
            }
        }
    }

    /// @return the runs that have not ended
    Set<String> open() {
        return runs.keySet().stream()
                .filter(run -> house.listener().end(run).isEmpty())
                .collect(Collectors.toSet());
    }

    int published() {
        return runs.size();
    }

    /// Publishes no more, and waits until all runs have ended.
    ///
    /// @return those that have not
    Set<String> stop(Duration patience) throws InterruptedException {
        stopping = true;
        publisher.join();
        try {
            Awaitility.await()
                    .atMost(patience)
                    .pollInterval(Duration.ofMillis(200))
                    .until(() -> open().isEmpty());
        } catch (org.awaitility.core.ConditionTimeoutException late) {
            // The answer says which.
        }
        return open();
    }

    /// @return the run of one more tiny dataset that must end as if nothing had been
    String publishOneMore(String name) throws Exception {
        return publish(datasets.getFirst(), name);
    }

    /// @return by run what it left otherwise than the undisturbed one
    Map<String, List<String>> differences() throws Exception {
        Map<String, List<String>> differences = new TreeMap<>();
        if (fault != null) {
            differences.put("all", List.of(fault));
        }
        for (Map.Entry<String, Dataset> run : runs.entrySet()) {
            Dataset dataset = run.getValue();
            List<String> different = compare(undisturbed.get(dataset), outcome(run.getKey()));
            if (!different.isEmpty()) {
                differences.put("%s of %s".formatted(run.getKey(), dataset.name()), different);
            }
        }
        return differences;
    }

    private static List<String> compare(Map<String, String> expected, Map<String, String> found) {
        Set<String> keys = new TreeSet<>(expected.keySet());
        keys.addAll(found.keySet());
        return keys.stream()
                .filter(key -> !Objects.equals(expected.get(key), found.get(key)))
                .map(key -> "%s: expected %s, found %s".formatted(key, expected.get(key), found.get(key)))
                .toList();
    }

    /// What a run left, by the names of its artifacts, which are digests of their bytes, and what REST answers.
    private Map<String, String> outcome(String run) throws Exception {
        Map<String, String> outcome = new TreeMap<>();
        for (CloudEvent event : house.listener().of(run)) {
            String[] entry = entry(event.data());
            if (entry.length == 2) {
                // Another event under another id would be a second result.
                outcome.merge(entry[0], entry[1], (one, two) -> one + " AND " + two);
            }
        }
        if (house.listener().end(run).filter(RunCompleted.class::isInstance).isPresent()) {
            JsonNode clusters = house.get("/api/v1/runs/" + run + "/clusters");
            JsonNode images = house.get("/api/v1/runs/" + run + "/images?limit=1000");
            outcome.put("clusters over REST", clusters.path("items").toString());
            outcome.put("images over REST", images.path("items").toString());
        }
        return outcome;
    }

    /// @return what to compare and its value; nothing of a progress report
    private static String[] entry(PipelineEvent event) {
        return switch (event) {
            case PipelineEvent.ImagesIngested e ->
                new String[] {
                    "images %s %s %d %d"
                            .formatted(
                                    e.label(),
                                    e.split(),
                                    e.pack(),
                                    e.images().getFirst().row()),
                    e.pixels() + " " + e.images()
                };
            case PipelineEvent.ImageRejected e -> new String[] {"rejected " + e.row(), e.imageId() + " " + e.reason()};
            case PipelineEvent.DatasetSealed e -> new String[] {"sealed", e.manifest() + " " + e.images()};
            case PipelineEvent.ShardWritten e ->
                new String[] {"shard " + e.index(), e.shard().toString()};
            case PipelineEvent.DatasetBalanced e ->
                new String[] {"balanced", "%s %s %d".formatted(e.shards(), e.balance(), e.rows())};
            case PipelineEvent.CheckpointPublished e ->
                new String[] {
                    "checkpoint %s %d".formatted(e.network(), e.epoch()),
                    "%s %s %s %s".formatted(e.weights(), e.best(), e.measures().get("loss"), e.test())
                };
            case PipelineEvent.ClustersComputed e -> new String[] {"clusters", e.clusters() + " " + e.latents()};
            case PipelineEvent.RunCompleted e -> new String[] {"end", "RunCompleted"};
            case PipelineEvent.RunFailed e -> new String[] {"end", e.reason()};
            case PipelineEvent.RunCancelled e -> new String[] {"end", "RunCancelled"};
            default -> new String[0];
        };
    }

    @Override
    public void close() {
        stopping = true;
    }
}
