package io.peregrine.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.peregrine.platform.ProjectRoot;
import io.peregrine.platform.RefusedException;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalPrometheusTest {
    @TempDir
    Path folder;

    private static Map<Service, String> addresses() {
        Map<Service, String> addresses = new EnumMap<>(Service.class);
        for (Service service : Service.values()) {
            addresses.put(service, "http://127.0.0.1:" + service.defaultPort());
        }
        return addresses;
    }

    @Test
    void theComposeConfigurationScrapesEveryServiceAtItsLocalAddress() throws IOException {
        Path deployed = ProjectRoot.path().resolve("deploy/prometheus");
        JsonNode there =
                new YAMLMapper().readTree(deployed.resolve("prometheus.yml").toFile());
        JsonNode here = LocalPrometheus.configuration(deployed, addresses(), Optional.empty());
        for (int job = 0; job < Service.values().length; job++) {
            Service service = Service.values()[job];
            JsonNode config = there.at("/scrape_configs/" + job);
            assertThat(config.get("job_name").textValue()).isEqualTo(service.module());
            assertThat(config.at("/dns_sd_configs/0/names/0").textValue()).isEqualTo(service.module());
            // Beyond loopback, health and metrics have their own port.
            assertThat(config.at("/dns_sd_configs/0/port").intValue()).isEqualTo(9000);

            JsonNode local = here.at("/scrape_configs/" + job);
            assertThat(local.get("job_name")).isEqualTo(config.get("job_name"));
            assertThat(local.get("metrics_path")).isEqualTo(config.get("metrics_path"));
            assertThat(local.has("dns_sd_configs")).isFalse();
            assertThat(local.at("/static_configs/0/targets/0").textValue())
                    .isEqualTo("127.0.0.1:" + service.defaultPort());
        }
        assertThat(there.get("scrape_configs")).hasSize(Service.values().length);
        assertThat(here.get("global")).isEqualTo(there.get("global"));
        assertThat(here.at("/rule_files/0").textValue())
                .isEqualTo(deployed.resolve("rules/*.yml").toString());
    }

    @Test
    void restartsAPrometheusThatEndedAndLeavesNoneBehind() throws Exception {
        assumeInstalled();
        List<String> notices = new CopyOnWriteArrayList<>();
        LocalPrometheus prometheus =
                LocalPrometheus.start(folder.resolve("prometheus"), 0, addresses(), Optional.empty(), notices::add);
        try (prometheus) {
            awaitReady(prometheus);
            prometheusProcesses().forEach(ProcessHandle::destroyForcibly);
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> !notices.isEmpty());
            awaitReady(prometheus);
            assertThat(notices).singleElement().asString().contains("Prometheus ended", "prometheus.log");
        }
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> prometheusProcesses().isEmpty());
        assertThat(notices).hasSize(1);
    }

    @Test
    void reportsAPortInUse() throws IOException {
        assumeInstalled();
        try (ServerSocket other = new ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            int port = other.getLocalPort();
            assertThatThrownBy(() -> LocalPrometheus.start(folder, port, addresses(), Optional.empty(), notice -> {}))
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("Port %d, which Prometheus needs, is in use".formatted(port));
        }
    }

    private static void assumeInstalled() {
        assumeTrue(
                LocalPrometheus.find("prometheus").isPresent(),
                "skipped: no prometheus on the PATH; deploy/prometheus/setup.sh unpacks Debian's");
    }

    private List<ProcessHandle> prometheusProcesses() {
        return ProcessHandle.allProcesses()
                .filter(process -> process.info().command().orElse("").endsWith("/prometheus"))
                .filter(process -> List.of(process.info().arguments().orElse(new String[0]))
                        .contains("--storage.tsdb.path=" + folder.resolve("prometheus/data")))
                .toList();
    }

    private static void awaitReady(LocalPrometheus prometheus) {
        HttpRequest ready = HttpRequest.newBuilder(URI.create(prometheus.address() + "/-/ready"))
                .build();
        Awaitility.await("ready")
                .atMost(Duration.ofSeconds(30))
                .ignoreExceptions()
                .until(() -> HttpClient.newHttpClient()
                                .send(ready, HttpResponse.BodyHandlers.discarding())
                                .statusCode()
                        == 200);
    }
}
