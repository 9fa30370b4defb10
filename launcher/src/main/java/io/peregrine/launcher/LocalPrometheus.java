package io.peregrine.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.peregrine.platform.Ports;
import io.peregrine.platform.ProjectRoot;
import io.peregrine.platform.RefusedException;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// An installed Prometheus as a child process, which scrapes the four services.
///
/// It uses `deploy/prometheus/prometheus.yml`, the configuration of `docker compose up`, with loopback addresses
/// in place of the service names. If it ends, it is restarted. It does not outlive the process that started it.
public final class LocalPrometheus implements AutoCloseable {
    /// Not 9090, the default port of a Prometheus that may already run on the machine.
    public static final int DEFAULT_PORT = 9091;

    /// A wrapper shell, because Prometheus does not notice that its parent has ended. When standard input closes,
    /// which also happens when the parent is killed, the shell terminates Prometheus. After Prometheus has ended
    /// the shell sends no signal, because another process may have its id.
    private static final String WRAPPER = """
            exec 3<&0
            "$@" </dev/null 3<&- & prometheus=$!
            { while read -r line <&3; do :; done; kill $prometheus; } >/dev/null 2>&1 & watch=$!
            wait $prometheus; status=$?
            kill $watch
            exit $status""";

    private final Path program;
    private final Path folder;
    private final int port;
    private final Consumer<String> notices;
    private Process process;
    private boolean stopping;

    private LocalPrometheus(Path program, Path folder, int port, Consumer<String> notices) {
        this.program = program;
        this.folder = folder.toAbsolutePath();
        this.port = port;
        this.notices = notices;
    }

    /// Finds a Prometheus program on the `PATH`, or where `deploy/prometheus/setup.sh` unpacks it.
    ///
    /// @param name `prometheus` or `promtool`
    public static Optional<Path> find(String name) {
        String cache = Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                .filter(folder -> !folder.isBlank())
                .orElse(System.getProperty("user.home") + "/.cache");
        return Stream.concat(
                        Stream.of(Optional.ofNullable(System.getenv("PATH"))
                                        .orElse("")
                                        .split(File.pathSeparator))
                                .filter(folder -> !folder.isBlank()),
                        Stream.of(cache + "/peregrine/prometheus"))
                .map(folder -> Path.of(folder, name))
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .findFirst();
    }

    /// @throws RefusedException if none is installed
    public static Path require() {
        return find("prometheus")
                .orElseThrow(
                        () -> new RefusedException(
                                "--observe needs Prometheus, but there is no program 'prometheus' on the PATH."
                                        + " Install it, or on Debian run deploy/prometheus/setup.sh, which unpacks it for the current user."));
    }

    /// Starts Prometheus. It ends at the latest when this process ends.
    ///
    /// @param folder for its data, configuration and log; data of an earlier Prometheus are used
    /// @param port to listen on, on loopback; 0 selects a free port
    /// @param addresses of the services, as `http://127.0.0.1:<port>`
    /// @param every interval of scrapes and rule evaluations; empty: the intervals in the file
    /// @param notices receives one line whenever Prometheus ended and is restarted
    /// @throws RefusedException if the port is in use or no Prometheus is installed
    public static LocalPrometheus start(
            Path folder, int port, Map<Service, String> addresses, Optional<Duration> every, Consumer<String> notices) {
        int listens = port == 0 ? Ports.free() : port;
        Path program = require();
        Ports.requireFree(listens, "Prometheus");
        LocalPrometheus prometheus = new LocalPrometheus(program, folder, listens, notices);
        try {
            Files.createDirectories(prometheus.folder);
            Files.write(
                    prometheus.configuration(),
                    new YAMLMapper()
                            .writeValueAsBytes(
                                    configuration(ProjectRoot.path().resolve("deploy/prometheus"), addresses, every)));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start Prometheus in " + folder, e);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(prometheus::close, "stop Prometheus"));
        prometheus.launch();
        return prometheus;
    }

    /// @param deployed folder of `prometheus.yml` and its rules
    /// @return the configuration with addresses in place of names, one for each service that it scrapes
    static JsonNode configuration(Path deployed, Map<Service, String> addresses, Optional<Duration> every)
            throws IOException {
        ObjectNode whole = (ObjectNode)
                new YAMLMapper().readTree(deployed.resolve("prometheus.yml").toFile());
        every.ifPresent(pause -> {
            ObjectNode global = whole.withObject("/global");
            for (String name : List.of("scrape_interval", "scrape_timeout", "evaluation_interval")) {
                global.put(name, pause.toMillis() + "ms");
            }
        });
        String literal = deployed.toString().replaceAll("[\\\\*?\\[]", "\\\\$0");
        whole.putArray("rule_files").add(literal + "/rules/*.yml");
        for (JsonNode watched : whole.get("scrape_configs")) {
            ObjectNode job = (ObjectNode) watched;
            String module = job.get("job_name").textValue();
            String address = addresses.entrySet().stream()
                    .filter(entry -> entry.getKey().module().equals(module))
                    .map(entry -> URI.create(entry.getValue()).getAuthority())
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException(
                            "prometheus.yml scrapes '" + module + "', which is not a service of Peregrine"));
            job.remove("dns_sd_configs");
            job.putArray("static_configs").addObject().putArray("targets").add(address);
        }
        return whole;
    }

    private synchronized void launch() {
        if (stopping) {
            return;
        }
        try {
            process = new ProcessBuilder(
                            "sh",
                            "-c",
                            WRAPPER,
                            "prometheus",
                            program.toString(),
                            "--config.file=" + configuration(),
                            "--storage.tsdb.path=" + folder.resolve("data"),
                            "--storage.tsdb.retention.time=15d",
                            "--web.listen-address=127.0.0.1:" + port,
                            "--log.level=warn")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start Prometheus", e);
        }
        // Delayed, because on Ctrl-C Prometheus may end before this process has noticed the signal.
        process.onExit().thenAcceptAsync(this::restart, CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS));
    }

    private void restart(Process ended) {
        synchronized (this) {
            if (stopping) {
                return;
            }
        }
        try {
            // If only the shell was killed, this ends the Prometheus process that is still running.
            ended.getOutputStream().close();
        } catch (IOException alreadyEnded) {
            // The reader has already ended.
        }
        notices.accept(
                "Prometheus ended with exit status %d; restarting it. Log: %s".formatted(ended.exitValue(), log()));
        launch();
    }

    /// @return `http://127.0.0.1:<port>`
    public String address() {
        return "http://127.0.0.1:" + port;
    }

    /// @return the configuration file in use
    public Path configuration() {
        return folder.resolve("prometheus.yml");
    }

    private Path log() {
        return folder.resolve("prometheus.log");
    }

    @Override
    public void close() {
        Process last;
        synchronized (this) {
            stopping = true;
            last = process;
        }
        if (last == null) {
            return;
        }
        try {
            last.getOutputStream().close();
            if (!last.waitFor(10, TimeUnit.SECONDS)) {
                last.descendants().forEach(ProcessHandle::destroyForcibly);
                last.destroyForcibly();
            }
        } catch (IOException alreadyEnded) {
            // It had already ended.
        } catch (InterruptedException e) {
            last.descendants().forEach(ProcessHandle::destroyForcibly);
            last.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
