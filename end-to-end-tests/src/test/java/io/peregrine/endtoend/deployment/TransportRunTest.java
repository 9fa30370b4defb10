package io.peregrine.endtoend.deployment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.endtoend.SyntheticPaintings;
import io.peregrine.events.BrokerUser;
import io.peregrine.events.EventCodec;
import io.peregrine.events.Topics;
import io.peregrine.launcher.LocalPeregrine;
import io.peregrine.launcher.Service;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A complete run over encrypted connections: the packaged services with the broker and the database of
/// [TransportTest]. The launcher also starts its own broker, to which no service writes.
@Tag("slow")
class TransportRunTest {
    @TempDir
    Path folder;

    @Test
    void aRunCompletesOverTlsWithThePermissionsOfEachService() throws Exception {
        ComposeSecrets secrets = ComposeSecrets.make(folder.resolve("secrets"));
        // The launcher passes the same environment to all services, so users differ but share one password.
        String password = secrets.kafkaPassword(BrokerUser.INGEST);
        for (String service : List.of("balance", "trainer", "cluster")) {
            Files.writeString(secrets.folder().resolve(service).resolve("kafka-password"), password);
        }
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 32, 4, 14, 9, 12);
        Path data = Files.createDirectories(folder.resolve("data"));
        Path databases = Files.createDirectories(folder.resolve("database"));
        try (ComposeBroker broker = ComposeBroker.start(folder.resolve("kafka"), secrets);
                ComposeDatabase database = ComposeDatabase.start(databases, secrets)) {
            broker.setUp(secrets);
            // Both databases use these passwords of the roles.
            Files.copy(databases.resolve("pgpass"), data.resolve("pgpass"));
            String url = database.url("localhost", "verify-full", secrets.authority());
            Map<String, String> environment = new HashMap<>();
            secrets.kafkaClient("${quarkus.application.name}", password)
                    .forEach((name, value) -> environment.put(
                            "KAFKA_" + name.toUpperCase(java.util.Locale.ROOT).replace('.', '_'), value));
            environment.put("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrapServers());
            environment.put("PEREGRINE_DATABASE_URL", url);
            environment.put("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1");
            List<String> notices = new CopyOnWriteArrayList<>();
            try (LocalPeregrine peregrine = LocalPeregrine.start(
                    data, List.of(folder), LocalPeregrine.Addresses.free(), environment, notices::add)) {
                publish(broker, secrets, gallery);
                assertThat(end(peregrine)).isEqualTo("completed");
                assertThat(notices).isEmpty();
                assertThat(records(peregrine)).isZero();
                for (Service service : Service.values()) {
                    assertThat(Files.readString(peregrine.log(service))).doesNotContain("AuthorizationException");
                }
                assertThat(unencrypted(url, peregrine.postgres().password("postgres")))
                        .isEqualTo("0 unencrypted");
            }
        }
    }

    private static void publish(ComposeBroker broker, ComposeSecrets secrets, Path gallery) throws Exception {
        Properties publisher = secrets.publisher();
        publisher.setProperty("bootstrap.servers", broker.bootstrapServers());
        ProducerRecord<String, byte[]> record = new ProducerRecord<>(
                Topics.DATASETS, """
                {"dataset":"secret","uri":"%s","image":{"side":32},"balance":{"strategy":"none"},
                 "classifier":{"epochs":1,"batchSize":8},"autoencoder":{"epochs":1,"batchSize":8,"latent":12}}""".formatted(gallery.toUri()).getBytes(UTF_8));
        try (KafkaProducer<String, byte[]> producer =
                new KafkaProducer<>(publisher, new StringSerializer(), new ByteArraySerializer())) {
            producer.send(record).get();
        }
    }

    private static String end(LocalPeregrine peregrine) {
        HttpClient http = HttpClient.newHttpClient();
        HttpRequest runs = HttpRequest.newBuilder(URI.create(peregrine.address(Service.CLUSTER) + "/api/v1/runs"))
                .build();
        return Awaitility.await()
                .atMost(Duration.ofMinutes(5))
                .ignoreExceptions()
                .until(
                        () -> {
                            JsonNode items = EventCodec.json()
                                    .readTree(http.send(runs, HttpResponse.BodyHandlers.ofString())
                                            .body())
                                    .path("items");
                            return items.path(0).path("state").asText("none");
                        },
                        state -> !state.equals("none") && !state.equals("running"));
    }

    /// @return number of records on the launcher's own broker
    private static long records(LocalPeregrine peregrine) throws Exception {
        Map<TopicPartition, OffsetSpec> partitions = new HashMap<>();
        Topics.partitions().forEach((topic, count) -> {
            for (int partition = 0; partition < count; partition++) {
                partitions.put(new TopicPartition(topic, partition), OffsetSpec.latest());
            }
        });
        try (Admin admin =
                Admin.create(Map.of("bootstrap.servers", peregrine.broker().bootstrapServers()))) {
            return admin.listOffsets(partitions).all().get().values().stream()
                    .mapToLong(at -> at.offset())
                    .sum();
        }
    }

    private static String unencrypted(String url, String password) throws Exception {
        try (Connection connection = DriverManager.getConnection(url, "postgres", password);
                ResultSet row = connection.createStatement().executeQuery("""
                        select count(*) filter (where not ssl), count(*) > 4
                        from pg_stat_ssl join pg_stat_activity using (pid)
                        where usename in ('ingest', 'balance', 'trainer', 'cluster')""")) {
            row.next();
            return row.getInt(1) + (row.getBoolean(2) ? " unencrypted" : " unencrypted of too few connections");
        }
    }
}
