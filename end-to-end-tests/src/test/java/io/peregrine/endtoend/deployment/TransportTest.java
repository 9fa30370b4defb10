package io.peregrine.endtoend.deployment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.events.BrokerUser;
import io.peregrine.events.Topics;
import io.peregrine.platform.LocalPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Connections between machines: a real broker with the compose file's settings, and a real database with its
/// access rules.
class TransportTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    static Path folder;

    private static ComposeSecrets secrets;
    private static ComposeSecrets foreign;
    private static ComposeBroker broker;

    @BeforeAll
    static void start() throws Exception {
        secrets = ComposeSecrets.make(folder.resolve("secrets"));
        foreign = ComposeSecrets.make(folder.resolve("foreign"));
        broker = ComposeBroker.start(folder.resolve("kafka"), secrets);
        broker.setUp(secrets);
    }

    @AfterAll
    static void stop() {
        if (broker != null) {
            broker.close();
        }
    }

    @ParameterizedTest
    @EnumSource(BrokerUser.class)
    void aUserHasExactlyThePermissionsOfItsService(BrokerUser user) throws Exception {
        Map<String, Object> client = client(user);
        try (Admin readiness = Admin.create(client)) {
            assertThat(readiness.listTopics().names().get())
                    .containsExactlyInAnyOrderElementsOf(Topics.partitions().keySet());
            assertRefused(
                    AuthorizationException.class,
                    () -> readiness
                            .createTopics(List.of(new NewTopic("peregrine.more", 1, (short) 1)))
                            .all()
                            .get());
            assertRefused(
                    AuthorizationException.class,
                    () -> readiness.describeAcls(AclBindingFilter.ANY).values().get());
        }
        try (KafkaProducer<String, byte[]> relay = producer(client)) {
            for (String topic : Topics.partitions().keySet()) {
                if (user.writes().contains(topic)) {
                    assertThat(send(relay, topic)).isEqualTo(topic);
                } else {
                    assertRefused(TopicAuthorizationException.class, () -> send(relay, topic));
                }
            }
        }
        try (KafkaProducer<String, byte[]> others = producer(Map.of("bootstrap.servers", broker.adminServers()))) {
            for (String topic : user.reads()) {
                send(others, topic);
            }
        }
        try (KafkaConsumer<String, byte[]> channel = consumer(client, user.group())) {
            channel.subscribe(user.reads());
            Set<String> received = new TreeSet<>();
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (!received.containsAll(user.reads()) && System.nanoTime() < deadline) {
                channel.poll(Duration.ofMillis(200)).forEach(record -> received.add(record.topic()));
            }
            assertThat(received).isEqualTo(user.reads());
            channel.commitSync();
        }
        Set<String> unread = new TreeSet<>(Topics.partitions().keySet());
        unread.removeAll(user.reads());
        for (String topic : unread) {
            try (KafkaConsumer<String, byte[]> unauthorized = consumer(client, user.group())) {
                unauthorized.assign(List.of(new TopicPartition(topic, 0)));
                assertThatThrownBy(() -> poll(unauthorized)).isInstanceOf(TopicAuthorizationException.class);
            }
        }
        BrokerUser other = user == BrokerUser.TRAINER ? BrokerUser.INGEST : BrokerUser.TRAINER;
        try (KafkaConsumer<String, byte[]> foreignGroup = consumer(client, other.group())) {
            foreignGroup.subscribe(user.reads());
            assertThatThrownBy(() -> poll(foreignGroup)).isInstanceOf(GroupAuthorizationException.class);
        }
    }

    @Test
    void rejectsUnknownUsersAndConnectionsWithoutTls() throws Exception {
        assertRefused(SaslAuthenticationException.class, () -> topics(client("trainer-service", "wrong")));
        assertRefused(
                SaslAuthenticationException.class,
                () -> topics(client("trainer-service", secrets.kafkaPassword(BrokerUser.INGEST))));
        assertRefused(
                SaslAuthenticationException.class,
                () -> topics(client("nobody", secrets.kafkaPassword(BrokerUser.INGEST))));
        Map<String, Object> foreignAuthority = client(BrokerUser.TRAINER);
        foreignAuthority.put("ssl.truststore.location", foreign.authority().toString());
        assertRefused(SslAuthenticationException.class, () -> topics(foreignAuthority));
        for (String protocol : List.of("PLAINTEXT", "SASL_PLAINTEXT", "SSL")) {
            Map<String, Object> open = client(BrokerUser.TRAINER);
            open.put("security.protocol", protocol);
            open.put("request.timeout.ms", "1500");
            open.put("default.api.timeout.ms", "2000");
            assertRefused(TimeoutException.class, () -> topics(open));
        }
        assertThat(topics(client(BrokerUser.TRAINER))).isNotEmpty();
    }

    @Test
    void aPublisherNeedsOnlyOneFile() throws Exception {
        Properties publisher = secrets.publisher();
        publisher.setProperty("bootstrap.servers", broker.bootstrapServers());
        try (KafkaProducer<String, byte[]> producer =
                new KafkaProducer<>(publisher, new StringSerializer(), new ByteArraySerializer())) {
            assertThat(send(producer, Topics.DATASETS)).isEqualTo(Topics.DATASETS);
        }
    }

    @Test
    void revokesOutdatedPermissionsAtTheNextStart() throws Exception {
        AclBinding former = new AclBinding(
                new ResourcePattern(ResourceType.TOPIC, Topics.DATASETS, PatternType.LITERAL),
                new AccessControlEntry("User:trainer-service", "*", AclOperation.WRITE, AclPermissionType.ALLOW));
        try (Admin admin = broker.admin()) {
            Collection<AclBinding> before =
                    admin.describeAcls(AclBindingFilter.ANY).values().get();
            admin.createAcls(List.of(former)).all().get();
            broker.setUp(secrets);
            assertThat(admin.describeAcls(AclBindingFilter.ANY).values().get())
                    .containsExactlyInAnyOrderElementsOf(before);
        }
    }

    @Test
    void theDatabaseIsVerifiedAndRequiresTls() throws Exception {
        Path data = Files.createDirectories(folder.resolve("database"));
        try (ComposeDatabase database = ComposeDatabase.start(data, secrets)) {
            Path authority = secrets.authority();
            for (String role : LocalPostgres.SERVICES) {
                try (Connection connection = connect(database.url("localhost", "verify-full", authority), role, data);
                        ResultSet row = connection
                                .createStatement()
                                .executeQuery("select version, current_user from pg_stat_ssl where pid ="
                                        + " pg_backend_pid()")) {
                    assertThat(row.next()).isTrue();
                    assertThat(row.getString(1)).isEqualTo("TLSv1.3");
                    assertThat(row.getString(2)).isEqualTo(role);
                }
            }
            assertThatThrownBy(() ->
                            connect(database.url("localhost", "verify-full", foreign.authority()), "ingest", data))
                    .as("a foreign certificate authority")
                    .hasStackTraceContaining("PKIX path");
            connect(database.url("127.0.0.2", "verify-ca", authority), "ingest", data)
                    .close();
            assertThatThrownBy(() -> connect(database.url("127.0.0.2", "verify-full", authority), "ingest", data))
                    .as("a host name that is not in the certificate")
                    .hasMessageContaining("hostname");
            assertThatThrownBy(() -> connect(database.url("localhost", "disable", authority), "ingest", data))
                    .as("without TLS")
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            refused -> assertThat(refused.getSQLState()).isEqualTo("28000"));
            assertThatThrownBy(() -> DriverManager.getConnection(
                            database.url("localhost", "verify-full", authority), "ingest", "ingest"))
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            refused -> assertThat(refused.getSQLState()).isEqualTo("28P01"));
        }
    }

    private static Connection connect(String url, String role, Path data) throws SQLException, IOException {
        String password = Files.readAllLines(data.resolve("pgpass")).stream()
                .filter(line -> line.startsWith("*:*:*:" + role + ":"))
                .map(line -> line.substring(line.lastIndexOf(':') + 1))
                .findFirst()
                .orElseThrow();
        return DriverManager.getConnection(url, role, password);
    }

    private static Map<String, Object> client(BrokerUser user) throws IOException {
        return client(user.user(), secrets.kafkaPassword(user));
    }

    private static Map<String, Object> client(String user, String password) {
        Map<String, Object> client = new HashMap<>(secrets.kafkaClient(user, password));
        client.put("bootstrap.servers", broker.bootstrapServers());
        client.put("default.api.timeout.ms", "4000");
        client.put("request.timeout.ms", "3000");
        return client;
    }

    private static Set<String> topics(Map<String, Object> client) throws Exception {
        try (Admin admin = Admin.create(client)) {
            return admin.listTopics().names().get();
        }
    }

    private static KafkaProducer<String, byte[]> producer(Map<String, Object> client) {
        Map<String, Object> settings = new HashMap<>(client);
        settings.put("acks", "all");
        settings.put("enable.idempotence", "true");
        settings.put("max.block.ms", "20000");
        return new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
    }

    /// @return the topic of the acknowledged record
    private static String send(KafkaProducer<String, byte[]> producer, String topic) throws Exception {
        return producer.send(new ProducerRecord<>(topic, "{}".getBytes(UTF_8)))
                .get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .topic();
    }

    private static KafkaConsumer<String, byte[]> consumer(Map<String, Object> client, String group) {
        Map<String, Object> settings = new HashMap<>(client);
        settings.put("group.id", group);
        settings.put("auto.offset.reset", "earliest");
        settings.put("isolation.level", "read_committed");
        settings.put("allow.auto.create.topics", "false");
        return new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
    }

    private static void poll(KafkaConsumer<String, byte[]> consumer) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            consumer.poll(Duration.ofMillis(200));
        }
    }

    private interface Attempt {
        Object call() throws Exception;
    }

    private static void assertRefused(Class<? extends Throwable> refusal, Attempt attempt) {
        assertThatThrownBy(attempt::call)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(refusal);
    }
}
