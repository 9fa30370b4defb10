package io.peregrine.launcher.cli;

import io.peregrine.launcher.DataFolder;
import io.peregrine.launcher.LocalPeregrine.Addresses;
import io.peregrine.launcher.LocalPrometheus;
import io.peregrine.platform.ProjectRoot;
import io.peregrine.platform.RefusedException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/// Options for the folder of data and logs, and for the ports.
final class InstanceOptions {
    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "folder of data and logs (default: data/ in the checkout)")
    private Path data;

    @Option(
            names = "--ports",
            paramLabel = "default|free",
            description = "default: Kafka 9092, PostgreSQL 5433, services 8081 to 8084, Prometheus 9091; free: any free"
                    + " ports")
    private String ports = "default";

    /// @throws RefusedException if the path of the folder is not allowed
    Path data() {
        return DataFolder.checked(data == null ? ProjectRoot.path().resolve("data") : data);
    }

    Addresses addresses() {
        return switch (ports) {
            case "default" -> Addresses.defaults();
            case "free" -> Addresses.free();
            default -> throw new RefusedException("--ports is '" + ports + "'; it must be 'default' or 'free'.");
        };
    }

    /// @return the port of Prometheus; 0: a free port
    int prometheusPort() {
        return ports.equals("default") ? LocalPrometheus.DEFAULT_PORT : 0;
    }

    String ports() {
        return ports;
    }
}
