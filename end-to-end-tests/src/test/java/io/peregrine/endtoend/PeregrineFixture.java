package io.peregrine.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.artifacts.store.S3Server;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.Topics;
import io.peregrine.launcher.LocalPeregrine;
import io.peregrine.launcher.Service;
import io.peregrine.platform.LocalBroker;
import io.peregrine.platform.LocalPostgres;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.core.ConditionTimeoutException;

/// A running Peregrine with a Kafka producer, a Kafka consumer and an HTTP client.
public final class PeregrineFixture implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    /// Null if another process has started everything.
    private final LocalPeregrine peregrine;

    private final Endpoints at;
    private final List<String> notices;
    private final Listener listener;
    private final KafkaProducer<String, byte[]> producer;
    private final HttpClient http = HttpClient.newHttpClient();

    private PeregrineFixture(LocalPeregrine peregrine, Endpoints at, List<String> notices) throws IOException {
        this.peregrine = peregrine;
        this.at = at;
        this.notices = notices;
        this.listener = new Listener(at.kafka());
        this.producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", at.kafka(), "acks", "all"),
                new StringSerializer(),
                new ByteArraySerializer());
    }

    public static PeregrineFixture open(Path data, Path root) throws IOException {
        return open(data, root, Map.of());
    }

    /// Connects to what `./peregrine up` has started in another process on a data folder. Only that process can
    /// end or kill it.
    public static PeregrineFixture attach(Path data) throws IOException {
        return new PeregrineFixture(null, Endpoints.announced(data), List.of());
    }

    /// Starts a Peregrine whose store is a bucket.
    static PeregrineFixture inBucket(Path data, Path root, S3Server server, String bucket) throws IOException {
        return open(
                data,
                root,
                Map.of(
                        "PEREGRINE_STORE",
                        "s3://" + bucket + "/store",
                        "PEREGRINE_STORE_ENDPOINT",
                        server.endpoint().toString(),
                        "PEREGRINE_STORE_CACHE",
                        data + "/kept/${quarkus.application.name}",
                        "AWS_ACCESS_KEY_ID",
                        S3Server.IDENTITY,
                        "AWS_SECRET_ACCESS_KEY",
                        S3Server.CREDENTIAL));
    }

    /// @param environment environment variables of every service
    static PeregrineFixture open(Path data, Path root, Map<String, String> environment) throws IOException {
        Map<String, String> variables = new HashMap<>(environment);
        // Short processes do not benefit from the optimizing compiler, which takes a third of the start time.
        variables.put("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1");
        List<String> notices = new CopyOnWriteArrayList<>();
        LocalPeregrine peregrine =
                LocalPeregrine.start(data, List.of(root), LocalPeregrine.Addresses.free(), variables, notices::add);
        return new PeregrineFixture(peregrine, Endpoints.of(peregrine), notices);
    }

    /// Publishes a dataset-ready event whose CloudEvents id is the name of the dataset, so that publishing it
    /// again is a repeat.
    ///
    /// @param spec the fields other than `dataset` and `uri`, as JSON
    /// @return id of the run
    public String publish(String dataset, Path folder, String spec) throws Exception {
        return publish(dataset, folder, spec, Map.of());
    }

    /// @param headers headers in addition to those of a CloudEvent
    String publish(String dataset, Path folder, String spec, Map<String, String> headers) throws Exception {
        ObjectNode body = EventCodec.json().createObjectNode();
        body.put("dataset", dataset).put("uri", "file://" + folder.toAbsolutePath());
        body.setAll((ObjectNode) EventCodec.json().readTree(spec));
        ProducerRecord<String, byte[]> record =
                new ProducerRecord<>(Topics.DATASETS, body.toString().getBytes(UTF_8));
        Map.of(
                        "ce_specversion", "1.0",
                        "ce_id", dataset,
                        "ce_source", "/end-to-end",
                        "ce_type", "io.peregrine.dataset.ready.v1",
                        "content-type", "application/json")
                .forEach((name, value) -> record.headers().add(name, value.getBytes(UTF_8)));
        headers.forEach((name, value) -> record.headers().add(name, value.getBytes(UTF_8)));
        producer.send(record).get();
        return EventCodec.runId("/end-to-end", dataset);
    }

    /// @return offset of the record
    public long publishBytes(String topic, byte[] bytes) throws Exception {
        return producer.send(new ProducerRecord<>(topic, bytes)).get().offset();
    }

    /// @return bootstrap servers
    public String kafka() {
        return at.kafka();
    }

    /// Deletes all records of all topics, as Kafka does after the retention time.
    void dropAllEvents() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka()))) {
            Map<TopicPartition, RecordsToDelete> all = new HashMap<>();
            Topics.partitions().forEach((topic, partitions) -> {
                for (int partition = 0; partition < partitions; partition++) {
                    // -1 means up to the newest record.
                    all.put(new TopicPartition(topic, partition), RecordsToDelete.beforeOffset(-1));
                }
            });
            admin.deleteRecords(all).all().get();
        }
    }

    public PipelineEvent awaitEnd(String run) throws SQLException {
        return awaitEnd(run, PATIENCE);
    }

    public PipelineEvent awaitEnd(String run, Duration patience) throws SQLException {
        try {
            return listener.awaitEnd(run, patience);
        } catch (ConditionTimeoutException late) {
            throw new AssertionError("%s; events received: %s; open jobs: %s"
                    .formatted(
                            late.getMessage(),
                            listener.of(run).stream().map(CloudEvent::type).toList(),
                            at.openJobs(run)));
        }
    }

    /// Returns cluster-service's answer; a status other than 200 fails the test.
    public JsonNode get(String path) throws Exception {
        HttpResponse<String> answer = request(Service.CLUSTER, path);
        if (answer.statusCode() != 200) {
            throw new AssertionError("GET %s: %d %s".formatted(path, answer.statusCode(), answer.body()));
        }
        return EventCodec.json().readTree(answer.body());
    }

    /// @return status code of cluster-service's answer
    int status(String path) throws Exception {
        return request(Service.CLUSTER, path).statusCode();
    }

    /// @return the items of all pages
    List<JsonNode> items(String path) throws Exception {
        List<JsonNode> items = new ArrayList<>();
        String next = "";
        do {
            JsonNode page = get(path + next);
            page.get("items").forEach(items::add);
            next = page.get("nextCursor").isNull()
                    ? null
                    : "?cursor=" + page.get("nextCursor").textValue();
        } while (next != null);
        return items;
    }

    HttpResponse<String> post(String path, String body) throws Exception {
        return http.send(
                HttpRequest.newBuilder(URI.create(at.services().get(Service.CLUSTER) + path))
                        .header("content-type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /// The launcher's notices about restarted child processes.
    public List<String> notices() {
        return notices;
    }

    public LocalBroker broker() {
        return peregrine.broker();
    }

    public LocalPostgres postgres() {
        return peregrine.postgres();
    }

    /// Returns a service's answer with any status.
    public HttpResponse<String> request(Service service, String path) throws Exception {
        return http.send(
                HttpRequest.newBuilder(URI.create(at.services().get(service) + path))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static Service named(String service) {
        return Service.valueOf(service.toUpperCase(Locale.ROOT));
    }

    public void kill(String service) {
        peregrine.kill(named(service));
    }

    /// Terminates a service (SIGTERM), and waits until it has exited.
    void terminate(String service) {
        peregrine.terminate(named(service));
    }

    /// Starts a second process of a service.
    public Process replica(String service) {
        return peregrine.replica(named(service), at.data().resolve("logs").resolve(service + "-replica.log"));
    }

    /// @return process id of a service, for signals
    public long pid(String service) {
        return peregrine.pid(named(service));
    }

    public Path log(String service) {
        return peregrine.log(named(service));
    }

    /// @return the folder of training snapshots
    Path trainerState() {
        return peregrine.trainerState();
    }

    public Listener listener() {
        return listener;
    }

    ArtifactStore store() {
        return new FileStore(storeFolder());
    }

    public Path storeFolder() {
        return at.data().resolve("store");
    }

    /// @return address of each service
    public Map<Service, String> addresses() {
        return at.services();
    }

    public Connection database(String service) throws SQLException {
        return at.connect("peregrine", service);
    }

    /// @param name name of the database
    public Connection superuser(String name) throws SQLException {
        return at.connect(name, "postgres");
    }

    @Override
    public void close() throws InterruptedException {
        producer.close();
        listener.close();
        if (peregrine != null) {
            peregrine.close();
        }
        assertThat(listener.schemaViolations())
                .as("events that violate docs/asyncapi.yaml")
                .isEmpty();
    }
}
