package io.peregrine.work.quarkus;

import io.agroal.api.AgroalDataSource;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.JobArtifacts;
import io.peregrine.work.jobs.JobHandler;
import io.peregrine.work.jobs.Worker;
import io.peregrine.work.messaging.Inbox;
import io.peregrine.work.messaging.Relay;
import io.quarkus.arc.All;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// Creates the inbox, worker and relay of a service and runs them until the service stops.
@ApplicationScoped
class WorkBeans {
    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");
    private static final Duration PAUSE = Duration.ofSeconds(5);

    private static final double[] ANSWER_NANOS = {5e6, 1e7, 2.5e7, 5e7, 1e8, 2.5e8, 5e8, 1e9, 2.5e9, 1e10};

    private final WorkConfig config;
    private final Map<String, Object> kafka;
    private final String service;
    private Worker worker;
    private Relay relay;
    private PeriodicTasks upkeep;
    private volatile boolean started;
    private volatile boolean stopping;

    WorkBeans(
            WorkConfig config,
            @Identifier("default-kafka-broker") Map<String, Object> kafka,
            @ConfigProperty(name = "quarkus.application.name") String service) {
        this.config = config;
        this.kafka = kafka;
        this.service = service;
    }

    @Produces
    @Singleton
    Database database(AgroalDataSource source) {
        return new Database(source);
    }

    @Produces
    @Singleton
    WorkMeters meters(MeterRegistry registry, Database database) {
        return new WorkMeters(registry, database);
    }

    /// Records response times in a histogram of ten buckets, so that quantiles can be computed over all replicas.
    @Produces
    @Singleton
    MeterFilter answerTimes() {
        return new MeterFilter() {
            /// A client may send any method name, and each would create a series of its own.
            @Override
            public Meter.Id map(Meter.Id id) {
                String method = id.getTag("method");
                return id.getName().startsWith("http.server.") && method != null && !METHODS.contains(method)
                        ? id.replaceTags(Tags.of(id.getTags()).and("method", "OTHER"))
                        : id;
            }

            @Override
            public DistributionStatisticConfig configure(Meter.Id id, DistributionStatisticConfig config) {
                return id.getName().equals("http.server.requests")
                        ? DistributionStatisticConfig.builder()
                                .serviceLevelObjectives(ANSWER_NANOS)
                                .build()
                                .merge(config)
                        : config;
            }
        };
    }

    @Produces
    @Singleton
    Inbox inbox(Database database, WorkMeters meters) {
        return new Inbox(database, event -> {
            meters.received(event);
            if (worker != null) {
                worker.wake();
            }
        });
    }

    // Starts after everything else: a job may need any of it.
    void start(
            @Observes @Priority(10_000) StartupEvent start,
            Database database,
            WorkMeters meters,
            JobArtifacts artifacts,
            @All List<JobHandler> handlers) {
        Map<String, Object> settings = new HashMap<>(kafka);
        settings.keySet().removeIf(key -> key.startsWith("value.") || key.startsWith("key."));
        settings.put("acks", "all");
        settings.put("enable.idempotence", "true");
        settings.put("client.id", service + "-relay");
        relay = new Relay(
                database,
                () -> new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer()),
                "/peregrine/" + service,
                config.stage());
        relay.start();
        worker = new Worker(
                database,
                service + "/" + UUID.randomUUID(),
                config.stage(),
                config.lease(),
                config.turn(),
                artifacts,
                handlers.stream().map(meters::metered).toList());
        worker.start(config.threads());
        upkeep = new PeriodicTasks("upkeep")
                .repeat("measure", Duration.ZERO, PAUSE, meters::measure)
                .repeat("report what runs wait for", PAUSE, PAUSE, worker::publishWaiting)
                .repeat("cancel abandoned jobs of ended runs", PAUSE, PAUSE, worker::cancelAbandoned);
        started = true;
    }

    /// @return names of the components whose threads have died; none while the service starts or stops
    List<String> deadThreads() {
        List<String> dead = new ArrayList<>();
        if (started && !stopping) {
            if (!worker.isAlive()) {
                dead.add("worker");
            }
            if (!relay.isAlive()) {
                dead.add("relay");
            }
            if (!upkeep.isAlive()) {
                dead.add("upkeep");
            }
        }
        return dead;
    }

    void stop(@Observes ShutdownEvent stop, Inbox inbox) throws InterruptedException {
        stopping = true;
        inbox.stop();
        if (upkeep != null) {
            upkeep.close();
        }
        if (worker != null) {
            worker.close();
        }
        if (relay != null) {
            relay.close();
        }
    }
}
