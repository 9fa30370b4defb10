package io.peregrine.launcher;

import io.peregrine.platform.Supervised;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/// One of the four services as a child process.
final class ServiceProcess implements Supervised {
    private final Service service;
    private final int port;
    private final Path log;
    private final Supplier<Process> starter;
    private final HttpClient http;
    private Process process;
    private boolean wanted = true;

    ServiceProcess(Service service, int port, Path log, HttpClient http, Supplier<Process> starter) {
        this.service = service;
        this.port = port;
        this.log = log;
        this.http = http;
        this.starter = starter;
    }

    synchronized ServiceProcess start() {
        if (wanted) {
            process = starter.get();
        }
        return this;
    }

    synchronized Process current() {
        return process;
    }

    /// Terminates the process; it is not restarted.
    ///
    /// @return the terminated process
    synchronized Process stop() {
        wanted = false;
        process.destroy();
        return process;
    }

    @Override
    public String name() {
        return service.module();
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public Path log() {
        return log;
    }

    @Override
    public synchronized boolean isWanted() {
        return wanted;
    }

    @Override
    public Optional<ProcessHandle> process() {
        return Optional.of(current().toHandle()).filter(ProcessHandle::isAlive);
    }

    @Override
    public Optional<String> ended() {
        Process now = current();
        return now.isAlive() ? Optional.empty() : Optional.of("ended with exit status " + now.exitValue());
    }

    /// Any answer counts. A service whose liveness is DOWN exits by itself and logs the reason.
    @Override
    public boolean answers() {
        HttpRequest live = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/q/health/live"))
                .timeout(Duration.ofSeconds(5))
                .build();
        try {
            http.send(live, HttpResponse.BodyHandlers.discarding());
            return true;
        } catch (IOException noAnswer) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void restart() {
        current().destroyForcibly().onExit().join();
        start();
    }
}
