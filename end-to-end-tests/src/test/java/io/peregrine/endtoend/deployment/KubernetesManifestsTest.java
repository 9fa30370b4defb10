package io.peregrine.endtoend.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import io.peregrine.endtoend.Yaml;
import io.peregrine.events.BrokerUser;
import io.peregrine.events.Topics;
import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Validates the manifests of `deploy/kubernetes` against the schemas of Kubernetes, Strimzi and KEDA, without a
/// cluster.
class KubernetesManifestsTest {
    private static final Path FOLDER = ProjectRoot.path().resolve("deploy/kubernetes");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> SERVICES =
            List.of("ingest-service", "balance-service", "trainer-service", "cluster-service");

    private static final Map<String, JsonSchema> SCHEMAS = new TreeMap<>();

    @BeforeAll
    static void readSchemas() throws IOException {
        JsonSchemaFactory factory = JsonSchemaFactory.getInstance(VersionFlag.V202012);
        try (Stream<Path> files = Files.list(FOLDER.resolve("schemas"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".json")).toList()) {
                JsonNode schemas = JSON.readTree(file.toFile());
                schemas.path("kinds").fields().forEachRemaining(kind -> {
                    ObjectNode schema = kind.getValue().deepCopy();
                    schema.set("$defs", schemas.path("$defs"));
                    SCHEMAS.put(kind.getKey(), factory.getSchema(schema));
                });
            }
        }
        assertThat(SCHEMAS)
                .containsKeys("Deployment", "NetworkPolicy", "ScaledObject", "Kafka", "KafkaTopic", "KafkaUser");
    }

    @Test
    void everyManifestOfTheBaseIsValid() throws IOException {
        assertThat(base())
                .hasSizeGreaterThan(25)
                .allSatisfy(manifest -> assertThat(errors(manifest)).isEmpty());
    }

    /// Needs `kubectl` to render the kustomizations.
    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/local", "overlays/gpu", "overlays/bucket"})
    void everyRenderedManifestIsValid(String kustomization) throws IOException, InterruptedException {
        List<JsonNode> manifests = rendered(kustomization);
        assertThat(manifests)
                .hasSizeGreaterThan(25)
                .allSatisfy(manifest -> assertThat(errors(manifest)).isEmpty());
        assertThat(manifests.stream().filter(m -> !m.path("kind").asText().equals("Namespace")))
                .allMatch(m -> m.at("/metadata/namespace").asText().equals("peregrine"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replica: 1, selector: {}, template: {}}}",
                "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: http}]}}",
                "{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: a}, spec: {scaleTargetRef: {name: a}}}",
                "{apiVersion: kafka.strimzi.io/v1, kind: KafkaTopic, metadata: {name: a}, spec: {partition: 1}}",
                "{apiVersion: kafka.strimzi.io/v1, kind: KafkaUser, metadata: {name: a}, spec: {authentication: {type: plain}}}",
                "{apiVersion: kafka.strimzi.io/v1, kind: KafkaNodePool, metadata: {name: a}, spec: {roles: [brokers]}}",
                "{apiVersion: v1, kind: Pod, metadata: {name: a}}"
            })
    void aPlantedErrorIsDetected(String manifest) {
        assertThat(errors(Yaml.documents(manifest).getFirst())).isNotEmpty();
    }

    @Test
    void topicsMatchTheEvents() throws IOException {
        Map<String, Integer> topics = new TreeMap<>();
        ofKind(base(), "KafkaTopic")
                .forEach(topic -> topics.put(
                        topic.at("/metadata/name").asText(),
                        topic.at("/spec/partitions").asInt()));
        assertThat(topics).isEqualTo(new TreeMap<>(Topics.partitions()));
    }

    @Test
    void permissionsOfUsersMatchTheirServices() throws IOException {
        Map<String, Set<AclBinding>> users = new TreeMap<>();
        for (JsonNode user : ofKind(base(), "KafkaUser")) {
            String name = user.at("/metadata/name").asText();
            assertThat(user.at("/spec/authentication/type").asText()).isEqualTo("scram-sha-512");
            Set<AclBinding> acls = users.computeIfAbsent(name, none -> new HashSet<>());
            for (JsonNode acl : user.at("/spec/authorization/acls")) {
                ResourcePattern resource = new ResourcePattern(
                        ResourceType.fromString(acl.at("/resource/type").asText()),
                        acl.at("/resource/name").asText(),
                        acl.at("/resource/patternType").asText().equals("prefix")
                                ? PatternType.PREFIXED
                                : PatternType.LITERAL);
                for (JsonNode operation : acl.path("operations")) {
                    acls.add(new AclBinding(
                            resource,
                            new AccessControlEntry(
                                    "User:" + name,
                                    acl.path("host").asText(),
                                    AclOperation.fromString(operation.asText()),
                                    AclPermissionType.ALLOW)));
                }
            }
        }
        Map<String, Set<AclBinding>> expected = new TreeMap<>();
        for (BrokerUser user : BrokerUser.values()) {
            expected.put(user.user(), Set.copyOf(user.acls()));
        }
        assertThat(users).isEqualTo(expected);
    }

    @Test
    void connectionsToBrokerAndDatabaseUseVerifiedTls() throws IOException {
        List<JsonNode> manifests = base();
        JsonNode kafka = ofKind(manifests, "Kafka").getFirst().path("spec");
        assertThat(kafka.at("/kafka/listeners")).allSatisfy(listener -> {
            assertThat(listener.path("tls").asBoolean()).isTrue();
            assertThat(listener.at("/authentication/type").asText()).isEqualTo("scram-sha-512");
        });
        assertThat(kafka.at("/kafka/authorization/type").asText()).isEqualTo("simple");
        assertThat(kafka.path("entityOperator").has("userOperator")).isTrue();
        JsonNode settings = ofKind(manifests, "ConfigMap").getFirst().path("data");
        assertThat(settings.path("KAFKA_SECURITY_PROTOCOL").asText()).isEqualTo("SASL_SSL");
        assertThat(settings.path("PEREGRINE_DATABASE_URL").asText()).contains("?sslmode=verify-full&sslrootcert=");
        for (String service : SERVICES) {
            JsonNode pod = ofKind(manifests, "Deployment").stream()
                    .filter(d -> d.at("/metadata/name").asText().equals(service))
                    .findFirst()
                    .orElseThrow()
                    .at("/spec/template/spec");
            assertThat(pod.path("volumes").toString())
                    .contains("{\"name\":\"%s\",\"items\":[{\"key\":\"password\",\"path\":\"kafka-password\"}]}"
                            .formatted(service));
            Stream.of("/containers/0", "/initContainers/0")
                    .forEach(container -> assertThat(
                                    pod.at(container + "/volumeMounts").toString())
                            .as("%s of %s", container, service)
                            .contains("/run/secrets/transport"));
        }
    }

    @Test
    void everyServiceHasProbesLimitsRestrictionsAndABudget() throws IOException {
        List<JsonNode> manifests = base();
        Map<String, JsonNode> deployments = new TreeMap<>();
        ofKind(manifests, "Deployment")
                .forEach(d -> deployments.put(d.at("/metadata/name").asText(), d));
        assertThat(deployments).containsOnlyKeys(SERVICES);
        for (String service : SERVICES) {
            JsonNode pod = deployments.get(service).at("/spec/template/spec");
            assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
            assertThat(pod.path("automountServiceAccountToken").asBoolean(true)).isFalse();
            for (String containers : List.of("containers", "initContainers")) {
                for (JsonNode container : pod.path(containers)) {
                    assertThat(container.at("/securityContext").toString())
                            .as("%s %s", service, containers)
                            .contains(
                                    "\"readOnlyRootFilesystem\":true",
                                    "\"allowPrivilegeEscalation\":false",
                                    "[\"ALL\"]");
                    assertThat(container.at("/resources/limits/memory").asText())
                            .isNotEmpty();
                    assertThat(container.at("/resources/requests/cpu").asText()).isNotEmpty();
                }
            }
            for (String probe : List.of("live", "ready", "started")) {
                String name = Map.of("live", "livenessProbe", "ready", "readinessProbe", "started", "startupProbe")
                        .get(probe);
                assertThat(pod.at("/containers/0/%s/httpGet/path".formatted(name))
                                .asText())
                        .as("%s of %s", name, service)
                        .isEqualTo("/q/health/" + probe);
                assertThat(pod.at("/containers/0/%s/httpGet/port".formatted(name))
                                .asText())
                        .as("port of the %s of %s", name, service)
                        .isEqualTo("management");
            }
            assertThat(ofKind(manifests, "PodDisruptionBudget"))
                    .as("disruption budget of %s", service)
                    .anyMatch(b -> b.at("/spec/selector/matchLabels/app.kubernetes.io~1name")
                            .asText()
                            .equals(service));
        }
        assertThat(ofKind(manifests, "ScaledObject").stream()
                        .map(s -> s.at("/spec/scaleTargetRef/name").asText()))
                .containsExactlyInAnyOrder("balance-service", "cluster-service");
    }

    private static List<String> errors(JsonNode manifest) {
        JsonSchema schema = SCHEMAS.get(manifest.path("kind").asText());
        String name = manifest.path("kind").asText() + " "
                + manifest.at("/metadata/name").asText();
        if (schema == null) {
            return List.of(name + ": deploy/kubernetes/schemas has no schema of this kind");
        }
        return schema.validate(manifest).stream()
                .map(error -> name + ": " + error.getMessage())
                .toList();
    }

    private static List<JsonNode> ofKind(List<JsonNode> manifests, String kind) {
        return manifests.stream()
                .filter(m -> m.path("kind").asText().equals(kind))
                .toList();
    }

    private static List<JsonNode> base() throws IOException {
        List<JsonNode> manifests = new ArrayList<>();
        JsonNode kustomization =
                Yaml.documents(FOLDER.resolve("base/kustomization.yaml")).getFirst();
        for (JsonNode file : kustomization.path("resources")) {
            manifests.addAll(Yaml.documents(FOLDER.resolve("base").resolve(file.asText())));
        }
        return manifests;
    }

    private static List<JsonNode> rendered(String kustomization) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                "kubectl", "kustomize", FOLDER.resolve(kustomization).toString());
        Process kubectl;
        try {
            kubectl = builder.start();
        } catch (IOException notInstalled) {
            assumeThat(false)
                    .as("skipped: kubectl, which renders %s, is not installed", kustomization)
                    .isTrue();
            throw notInstalled;
        }
        String manifests = new String(kubectl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String errors = new String(kubectl.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(kubectl.waitFor()).as(errors).isZero();
        return Yaml.documents(manifests);
    }
}
