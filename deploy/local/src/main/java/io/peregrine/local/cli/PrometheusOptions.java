package io.peregrine.local.cli;

import io.peregrine.local.LocalPeregrine;
import io.peregrine.local.LocalPrometheus;
import io.peregrine.local.RefusedException;
import io.peregrine.local.Service;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/// Whether a Prometheus watches what is brought up.
final class PrometheusOptions {
    @Option(
            names = "--observe",
            description = "have a Prometheus of this machine's scrape the services; it must be installed")
    private boolean wanted;

    boolean isWanted() {
        return wanted;
    }

    /// To be called before anything starts.
    ///
    /// @throws Refusal in one sentence, if one is wanted and none is installed
    void mustBePossible() {
        if (wanted) {
            LocalPrometheus.mustFind();
        }
    }

    /// @throws Refusal if one is wanted and what runs already has none
    void mustBeThere(RunningInstance instance) {
        if (wanted && instance.prometheus() == null) {
            throw new RefusedException(
                    "What runs over %s was brought up without --observe; ./peregrine down ends it, then"
                                    .formatted(instance.data())
                            + " bring it up with --observe.");
        }
    }

    /// Starts Prometheus where it is wanted.
    Optional<LocalPrometheus> start(InstanceOptions place, LocalPeregrine peregrine, Consumer<String> notices) {
        if (!wanted) {
            return Optional.empty();
        }
        return Optional.of(LocalPrometheus.start(
                place.data().resolve("prometheus"),
                place.prometheusPort(),
                Arrays.stream(Service.values()).collect(Collectors.toMap(Function.identity(), peregrine::address)),
                Optional.empty(),
                notices));
    }
}
