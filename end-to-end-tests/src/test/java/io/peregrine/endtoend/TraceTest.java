package io.peregrine.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.endtoend.TraceCollector.Traced;
import io.peregrine.events.PipelineEvent.RunCompleted;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// With tracing on, a run is one trace. It starts with the publisher of the dataset-ready event and contains
/// every event and job of all four services. The context is propagated through tables and broker.
class TraceTest {
    private static final String THEIRS = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String THEIR_SPAN = "00f067aa0ba902b7";

    @TempDir
    Path folder;

    @Test
    void aRunIsOneTraceAcrossAllServices() throws Exception {
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 32, 4, 14, 9, 12);
        try (TraceCollector collector = new TraceCollector();
                PeregrineFixture fixture = PeregrineFixture.open(
                        folder.resolve("data"),
                        folder,
                        Map.of(
                                "QUARKUS_PROFILE", "prod,traces",
                                "QUARKUS_OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint(),
                                "QUARKUS_OTEL_BSP_SCHEDULE_DELAY", "200ms"))) {
            String run = fixture.publish(
                    "traced", gallery, """
                    {"image":{"side":32},"balance":{"strategy":{"atLeast":16},"neighbours":3},
                     "classifier":{"preset":"seed-cnn","epochs":1,"batchSize":8},
                     "autoencoder":{"preset":"seed-autoencoder","epochs":1,"batchSize":8,"latent":12}}""", Map.of("traceparent", "00-%s-%s-01".formatted(THEIRS, THEIR_SPAN)));
            assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);

            // All four services receive the last event of a run.
            Awaitility.await("every service has exported its last span")
                    .atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(collector.spans().stream()
                                    .filter(span -> span.name().equals("process peregrine.runs")
                                            && span.attributes()
                                                    .getOrDefault("peregrine.event", "")
                                                    .equals("io.peregrine.run.completed.v1"))
                                    .map(Traced::service))
                            .contains("ingest-service", "balance-service", "trainer-service", "cluster-service"));
            List<Traced> ofTheRun = collector.spans().stream()
                    .filter(span -> run.equals(span.attributes().get("peregrine.run")))
                    .toList();

            assertThat(ofTheRun).extracting(Traced::trace).containsOnly(THEIRS);
            Map<String, Traced> byId = collector.spans().stream()
                    .filter(span -> span.trace().equals(THEIRS))
                    .collect(Collectors.toMap(Traced::id, span -> span));
            assertThat(byId.values())
                    .as("the parent of every span is in the trace; the parent of the first is the publisher's span")
                    .allMatch(span ->
                            byId.containsKey(span.parent()) || span.parent().equals(THEIR_SPAN));
            assertThat(byId.values().stream().filter(span -> span.parent().equals(THEIR_SPAN)))
                    .extracting(Traced::name)
                    .containsOnly("process peregrine.datasets");
            Set<String> jobs = byId.values().stream()
                    .map(Traced::name)
                    .filter(name -> name.startsWith("job "))
                    .collect(Collectors.toSet());
            assertThat(jobs).hasSizeGreaterThan(8);

            // The ancestors of the last job of the last service include all four services and the publisher.
            Traced last = byId.values().stream()
                    .filter(span -> span.service().equals("cluster-service")
                            && span.name().startsWith("job "))
                    .max((a, b) -> Integer.compare(depth(a, byId), depth(b, byId)))
                    .orElseThrow();
            assertThat(services(last, byId))
                    .contains("ingest-service", "balance-service", "trainer-service", "cluster-service");
        }
    }

    private static int depth(Traced span, Map<String, Traced> byId) {
        Traced parent = byId.get(span.parent());
        return parent == null ? 0 : 1 + depth(parent, byId);
    }

    private static Set<String> services(Traced span, Map<String, Traced> byId) {
        Traced parent = byId.get(span.parent());
        Set<String> services = parent == null ? new HashSet<>() : services(parent, byId);
        services.add(span.service());
        return services;
    }
}
