package io.peregrine.endtoend.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.peregrine.events.BrokerUser;
import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/// Passwords and certificates, created by the scripts of `deploy/compose`.
///
/// @param folder folder with a subfolder for each volume of secrets
record ComposeSecrets(Path folder) {
    private static final List<String> VOLUMES = List.of(
            "postgres",
            "ingest",
            "balance",
            "trainer",
            "cluster",
            "grafana",
            "http",
            "kafka",
            "publisher",
            "authority");

    /// Creates them with `openssl`; skips the test without it.
    static ComposeSecrets make(Path folder) throws IOException, InterruptedException {
        Process version;
        try {
            version = new ProcessBuilder("openssl", "version").start();
        } catch (IOException notInstalled) {
            assumeThat(false)
                    .as("skipped: openssl, which creates the certificates, is not installed")
                    .isTrue();
            throw notInstalled;
        }
        version.waitFor();
        for (String volume : VOLUMES) {
            Files.createDirectories(folder.resolve(volume));
        }
        Path deploy = ProjectRoot.path().resolve("deploy");
        Process script = new ProcessBuilder(
                        "bash",
                        deploy.resolve("compose/postgres/secrets.sh").toString(),
                        folder.toString(),
                        deploy.resolve("tls/certificates.sh").toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(script.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(script.waitFor()).as(output).isZero();
        return new ComposeSecrets(folder);
    }

    /// @return the CA certificate of both servers
    Path authority() {
        return folder.resolve("ingest/ca.crt");
    }

    String kafkaPassword(BrokerUser user) throws IOException {
        return Files.readString(
                folder.resolve(user.user().replace("-service", "")).resolve("kafka-password"));
    }

    /// @return a folder as for `broker-setup`, with a file `USER/kafka-password` for each user
    Path users() throws IOException {
        for (BrokerUser user : BrokerUser.values()) {
            Path own = Files.createDirectories(folder.resolve("users").resolve(user.user()));
            Files.writeString(own.resolve("kafka-password"), kafkaPassword(user));
        }
        return folder.resolve("users");
    }

    /// @return settings of a service's Kafka client, equal to the environment variables in the compose file
    Map<String, String> kafkaClient(String user, String password) {
        return Map.of(
                "security.protocol",
                "SASL_SSL",
                "sasl.mechanism",
                "SCRAM-SHA-512",
                "sasl.jaas.config",
                "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";"
                        .formatted(user, password),
                "ssl.truststore.type",
                "PEM",
                "ssl.truststore.location",
                authority().toString());
    }

    /// @return the file for publishers
    Properties publisher() throws IOException {
        Properties properties = new Properties();
        try (var reader = Files.newBufferedReader(folder.resolve("publisher/client.properties"))) {
            properties.load(reader);
        }
        return properties;
    }
}
