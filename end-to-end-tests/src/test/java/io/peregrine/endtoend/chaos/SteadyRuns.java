package io.peregrine.endtoend.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.endtoend.PeregrineFixture;
import io.peregrine.endtoend.SyntheticPaintings;
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

/// Publishes runs of tiny datasets while a test injects faults, and records that are not events between them. The
/// expected results of each run are those of a run without faults with the same dataset and specification.
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

    private final PeregrineFixture fixture;
    private final List<Dataset> datasets = new ArrayList<>();
    private final Random random;
    private final Map<Dataset, Map<String, String>> expected = new LinkedHashMap<>();
    private final Map<String, Dataset> runs = new ConcurrentHashMap<>();
    private Thread publisher;
    private volatile boolean stopping;
    private volatile String fault;
    private int names;

    /// @param folder folder below a root, in which the datasets are created
    SteadyRuns(PeregrineFixture fixture, Path folder, long seed) throws IOException {
        this.fixture = fixture;
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

    /// Runs each dataset once without faults, and stores the results.
    void measure() throws Exception {
        for (Dataset dataset : datasets) {
            String run = fixture.publish("reference-" + dataset.name(), dataset.folder(), dataset.spec());
            fixture.awaitEnd(run);
            Map<String, String> left = outcome(run);
            String end = left.get("end");
            String right = dataset.name().equals("missing") ? "FOLDER_MISSING" : "RunCompleted";
            if (!right.equals(end)) {
                throw new AssertionError("The run of %s without faults ended with %s.".formatted(dataset.name(), end));
            }
            expected.put(dataset, left);
        }
    }

    /// Starts to publish runs; at most five are open at a time.
    void begin() {
        publisher = Thread.ofPlatform().daemon().name("publisher").start(() -> {
            try {
                while (!stopping) {
                    Awaitility.await("room for a run")
                            .pollDelay(Duration.ZERO)
                            .forever()
                            .until(() -> stopping || open().size() < OPEN);
                    if (!stopping) {
                        publishAny();
                    }
                }
            } catch (Exception | Error e) {
                fault = "the publisher ended: " + e;
            }
        });
    }

    private void publishAny() throws Exception {
        Dataset dataset = datasets.get(random.nextInt(datasets.size()));
        publish(dataset, "run-" + ++names);
        if (random.nextInt(3) == 0) {
            String topic = List.copyOf(Topics.partitions().keySet()).get(random.nextInt(5));
            byte[] garbage = ("garbage " + names).getBytes(UTF_8);
            retryUntilAcknowledged(() -> fixture.publishBytes(topic, garbage));
        }
    }

    private String publish(Dataset dataset, String name) throws Exception {
        String[] run = new String[1];
        retryUntilAcknowledged(() -> run[0] = fixture.publish(name, dataset.folder(), dataset.spec()));
        runs.put(run[0], dataset);
        return run[0];
    }

    /// Retries until the broker has acknowledged the record, so that no event is lost. The broker may have
    /// accepted an earlier attempt; a repeated event is the same run.
    private static void retryUntilAcknowledged(Publication publication) throws Exception {
        while (true) {
            try {
                publication.publish();
                return;
            } catch (ExecutionException | KafkaException away) {
                // The pause of a producer between its attempts.
                TimeUnit.MILLISECONDS.sleep(500);
            }
        }
    }

    /// @return the runs that have not ended
    Set<String> open() {
        return runs.keySet().stream()
                .filter(run -> fixture.listener().end(run).isEmpty())
                .collect(Collectors.toSet());
    }

    int published() {
        return runs.size();
    }

    /// Stops publishing, and waits until all runs have ended.
    ///
    /// @return the runs that have not ended
    Set<String> stop(Duration patience) throws InterruptedException {
        stopping = true;
        publisher.join();
        try {
            Awaitility.await()
                    .atMost(patience)
                    .pollInterval(Duration.ofMillis(200))
                    .until(() -> open().isEmpty());
        } catch (org.awaitility.core.ConditionTimeoutException late) {
            // The return value lists the open runs.
        }
        return open();
    }

    /// @return another run of a tiny dataset, which must end with the expected results
    String publishOneMore(String name) throws Exception {
        return publish(datasets.getFirst(), name);
    }

    /// @return differences from the expected results, by run
    Map<String, List<String>> differences() throws Exception {
        Map<String, List<String>> differences = new TreeMap<>();
        if (fault != null) {
            differences.put("all", List.of(fault));
        }
        for (Map.Entry<String, Dataset> run : runs.entrySet()) {
            Dataset dataset = run.getValue();
            List<String> different = compare(expected.get(dataset), outcome(run.getKey()));
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

    /// The results of a run: names of its artifacts, which are digests of their bytes, and answers over REST.
    private Map<String, String> outcome(String run) throws Exception {
        Map<String, String> outcome = new TreeMap<>();
        for (CloudEvent event : fixture.listener().of(run)) {
            String[] entry = entry(event.data());
            if (entry.length == 2) {
                // Another event with a different id would be a second result.
                outcome.merge(entry[0], entry[1], (one, two) -> one + " AND " + two);
            }
        }
        if (fixture.listener().end(run).filter(RunCompleted.class::isInstance).isPresent()) {
            JsonNode clusters = fixture.get("/api/v1/runs/" + run + "/clusters");
            JsonNode images = fixture.get("/api/v1/runs/" + run + "/images?limit=1000");
            outcome.put("clusters over REST", clusters.path("items").toString());
            outcome.put("images over REST", images.path("items").toString());
        }
        return outcome;
    }

    /// @return a key and the value to compare; empty for a progress event
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
