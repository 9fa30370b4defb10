package io.peregrine.work.quarkus;

import io.peregrine.events.Topics;
import io.smallrye.common.annotation.Identifier;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/// Ready when every topic exists; the response lists missing topics. Kafka clients only log warnings about a
/// missing topic and never fail.
@Readiness
@ApplicationScoped
class TopicsReadiness implements HealthCheck {
    private static final String NAME = "Topics";

    private final Map<String, Object> kafka;
    private volatile boolean seen;

    TopicsReadiness(@Identifier("default-kafka-broker") Map<String, Object> kafka) {
        this.kafka = kafka;
    }

    @Override
    public HealthCheckResponse call() {
        if (seen) {
            return HealthCheckResponse.up(NAME);
        }
        Map<String, Object> settings = new HashMap<>(kafka);
        settings.keySet().removeIf(key -> key.startsWith("value.") || key.startsWith("key.") || key.equals("group.id"));
        settings.put("request.timeout.ms", "2000");
        settings.put("default.api.timeout.ms", "2000");
        try (Admin admin = Admin.create(settings)) {
            Set<String> missing = new TreeSet<>(Topics.partitions().keySet());
            missing.removeAll(admin.listTopics().names().get(3, TimeUnit.SECONDS));
            seen = missing.isEmpty();
            return HealthCheckResponse.named(NAME)
                    .status(seen)
                    .withData("missing", String.join(", ", missing))
                    .build();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return HealthCheckResponse.down(NAME);
        } catch (Exception unavailable) {
            return HealthCheckResponse.named(NAME)
                    .down()
                    .withData("broker", String.valueOf(unavailable.getMessage()))
                    .build();
        }
    }
}
