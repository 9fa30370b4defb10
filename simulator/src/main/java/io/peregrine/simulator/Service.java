package io.peregrine.simulator;

import io.peregrine.balance.SimulatedBalance;
import io.peregrine.cluster.SimulatedCluster;
import io.peregrine.events.Stage;
import io.peregrine.ingest.SimulatedIngest;
import io.peregrine.trainer.SimulatedTrainer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.Set;
import java.util.function.Function;

/// The four services, as configured in their own `application.properties`.
enum Service {
    INGEST(SimulatedIngest::new),
    BALANCE(SimulatedBalance::new),
    TRAINER(SimulatedTrainer::new),
    CLUSTER(SimulatedCluster::new);

    private final Function<Parts, ServiceCode> code;
    private final Properties properties;

    Service(Function<Parts, ServiceCode> code) {
        this.code = code;
        this.properties = properties(application());
    }

    private static Properties properties(String application) {
        try {
            for (URL url : Collections.list(Service.class.getClassLoader().getResources("application.properties"))) {
                Properties properties = new Properties();
                try (InputStream in = url.openStream()) {
                    properties.load(in);
                }
                if (application.equals(properties.getProperty("quarkus.application.name"))) {
                    return properties;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new IllegalStateException("the class path contains no application.properties of " + application);
    }

    /// @return the service's role and schema
    String schema() {
        return name().toLowerCase(Locale.ROOT);
    }

    String application() {
        return schema() + "-service";
    }

    ServiceCode code(Parts parts) {
        return code.apply(parts);
    }

    Stage stage() {
        String wire = properties.getProperty("peregrine.work.stage");
        return Stage.valueOf(wire.toUpperCase(Locale.ROOT));
    }

    Set<String> kinds() {
        return Set.of(properties.getProperty("peregrine.work.kinds").split(","));
    }

    String[] migrations() {
        return Arrays.stream(properties.getProperty("quarkus.flyway.locations").split(","))
                .map(String::strip)
                .toArray(String[]::new);
    }

    List<String> topics() {
        return properties.stringPropertyNames().stream()
                .filter(key -> key.matches("mp\\.messaging\\.incoming\\.[^.]+\\.topic"))
                .map(properties::getProperty)
                .sorted()
                .toList();
    }
}
