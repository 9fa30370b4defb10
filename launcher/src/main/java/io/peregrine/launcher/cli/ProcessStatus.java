package io.peregrine.launcher.cli;

import io.peregrine.launcher.ChildProcess;
import io.peregrine.launcher.ChildProcesses;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Current status of broker, database or a service, as `./peregrine status` prints it.
///
/// @param state `ready`, `not ready`, `no answer` or `down`
/// @param uptimeSeconds since its last start; null while it is down
/// @param restarts how often the launcher restarted it
/// @param lastEnd reason of the last restart, or null
record ProcessStatus(
        String name,
        String state,
        int port,
        long pid,
        Instant since,
        Long uptimeSeconds,
        int restarts,
        String lastEnd) {
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    /// @return status of broker, database and services of an instance
    static List<ProcessStatus> of(RunningInstance instance) throws InterruptedException {
        List<ProcessStatus> all = new ArrayList<>();
        try (HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).build()) {
            for (ChildProcess child : new ChildProcesses(Path.of(instance.data())).read()) {
                String service = instance.services().get(child.name());
                boolean alive = child.isAlive();
                String state = !alive ? "down" : service == null ? listening(child.port()) : ready(http, service);
                all.add(new ProcessStatus(
                        child.name(),
                        state,
                        child.port(),
                        child.pid(),
                        child.since(),
                        alive ? Duration.between(child.since(), Instant.now()).toSeconds() : null,
                        child.restarts(),
                        child.lastEnd()));
            }
        }
        return all;
    }

    private static String listening(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                    Math.toIntExact(PATIENCE.toMillis()));
            return "ready";
        } catch (IOException notYet) {
            return "not ready";
        }
    }

    private static String ready(HttpClient http, String service) throws InterruptedException {
        try {
            HttpRequest ready = HttpRequest.newBuilder(URI.create(service + "/q/health/ready"))
                    .timeout(PATIENCE)
                    .build();
            return http.send(ready, HttpResponse.BodyHandlers.discarding()).statusCode() == 200 ? "ready" : "not ready";
        } catch (IOException noAnswer) {
            return "no answer";
        }
    }

    /// @return a heading and one line for each process
    static List<String> table(List<ProcessStatus> all) {
        List<String> lines = new ArrayList<>();
        lines.add("%-16s %-10s %5s %8s %12s %8s".formatted("PROCESS", "STATE", "PORT", "PID", "UPTIME", "RESTARTS"));
        for (ProcessStatus each : all) {
            lines.add("%-16s %-10s %5d %8d %12s %8d%s"
                    .formatted(
                            each.name,
                            each.state,
                            each.port,
                            each.pid,
                            uptime(each.uptimeSeconds),
                            each.restarts,
                            each.lastEnd == null ? "" : "  (last restart: " + each.lastEnd + ")"));
        }
        return lines;
    }

    static String uptime(Long seconds) {
        if (seconds == null) {
            return "-";
        }
        Duration up = Duration.ofSeconds(seconds);
        return up.toDays() > 0
                ? "%d d %02d:%02d:%02d".formatted(up.toDays(), up.toHoursPart(), up.toMinutesPart(), up.toSecondsPart())
                : "%02d:%02d:%02d".formatted(up.toHours(), up.toMinutesPart(), up.toSecondsPart());
    }
}
