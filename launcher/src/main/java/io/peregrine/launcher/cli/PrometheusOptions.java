package io.peregrine.launcher.cli;

import io.peregrine.launcher.LocalPeregrine;
import io.peregrine.launcher.LocalPrometheus;
import io.peregrine.launcher.Service;
import io.peregrine.platform.RefusedException;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/// Option to start a Prometheus with Peregrine.
final class PrometheusOptions {
    @Option(names = "--observe", description = "start a Prometheus that scrapes the services; it must be installed")
    private boolean wanted;

    boolean isWanted() {
        return wanted;
    }

    /// Must be called before anything is started.
    ///
    /// @throws RefusedException if Prometheus is requested but not installed
    void requireInstalled() {
        if (wanted) {
            LocalPrometheus.require();
        }
    }

    /// @throws RefusedException if Prometheus is requested but the running instance has none
    void requireRunning(RunningInstance instance) {
        if (wanted && instance.prometheus() == null) {
            throw new RefusedException(
                    "The running instance of %s was started without --observe. Stop it with ./peregrine down, then"
                                    .formatted(instance.data())
                            + " start it with --observe.");
        }
    }

    /// Starts Prometheus if it is requested.
    Optional<LocalPrometheus> start(
            InstanceOptions instanceOptions, LocalPeregrine peregrine, Consumer<String> notices) {
        if (!wanted) {
            return Optional.empty();
        }
        return Optional.of(LocalPrometheus.start(
                instanceOptions.data().resolve("prometheus"),
                instanceOptions.prometheusPort(),
                Arrays.stream(Service.values()).collect(Collectors.toMap(Function.identity(), peregrine::address)),
                Optional.empty(),
                notices));
    }
}
