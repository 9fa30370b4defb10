package io.peregrine.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.peregrine.launcher.progress.ProgressView;
import io.peregrine.launcher.progress.RunResults;
import io.peregrine.platform.RefusedException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import picocli.CommandLine.Help.Ansi;

/// A run is followed to its end even if its events cannot be read: here no broker listens at the address.
@Timeout(60)
class RunFollowerTest {
    private static final String RUN = "ab".repeat(16);
    /// A completed run whose times are not written yet.
    private static final String WITHOUT_TIMES = "completed without times";

    private HttpServer server;
    private final Queue<String> states = new ArrayDeque<>();

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/v1/runs/" + RUN, exchange -> {
            boolean isRun = exchange.getRequestURI().getPath().endsWith(RUN);
            String state = states.size() > 1 && isRun ? states.poll() : states.peek();
            String body = isRun
                    ? "{\"run\": \"%s\", \"state\": \"%s\", \"classes\": [], \"seconds\": {%s}}"
                            .formatted(
                                    RUN,
                                    state.equals(WITHOUT_TIMES) ? "completed" : state,
                                    state.equals("completed") ? "\"cluster\": 7.5" : "")
                    : "{\"items\": [{\"index\": 0, \"name\": \"Cubism\"}]}";
            byte[] bytes = (state.equals("unknown") ? "{}" : body).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(state.equals("unknown") ? 404 : 200, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private RunFollower follower(Duration maxSilence) {
        return new RunFollower(
                "http://127.0.0.1:" + server.getAddress().getPort(), new KafkaClient("127.0.0.1:1"), maxSilence);
    }

    private static ProgressView silent() {
        return new ProgressView(new PrintStream(OutputStream.nullOutputStream()), ProgressView.Mode.SILENT, Ansi.OFF);
    }

    @Test
    void aRunEndsWhenClusterServiceReportsIt() {
        states.addAll(List.of("unknown", "running", "running", "completed"));
        RunResults results = follower(Duration.ofMinutes(1)).follow(RUN, silent());
        assertThat(results.isCompleted()).isTrue();
        assertThat(results.clusters()).hasSize(1);
    }

    /// The times of the last stage are written after the run's state.
    @Test
    void theTimesOfAllStagesAreAwaited() {
        states.addAll(List.of("running", WITHOUT_TIMES, "completed"));
        RunResults results = follower(Duration.ofMinutes(1)).follow(RUN, silent());
        assertThat(results.details().at("/seconds/cluster").asDouble()).isEqualTo(7.5);
    }

    @Test
    void timesThatNeverArriveAreNotAwaitedForLong() {
        states.add(WITHOUT_TIMES);
        RunResults results = follower(Duration.ofSeconds(1)).follow(RUN, silent());
        assertThat(results.details().path("seconds").isEmpty()).isTrue();
    }

    @Test
    void aRunThatEndedLongAgoIsNotFollowed() {
        states.add("failed");
        assertThat(follower(Duration.ofMinutes(1)).ended(RUN))
                .hasValueSatisfying(results -> assertThat(results.why()).isEqualTo("The run is failed."));
        states.clear();
        states.add("running");
        assertThat(follower(Duration.ofMinutes(1)).ended(RUN)).isEmpty();
        states.clear();
        states.add("unknown");
        assertThat(follower(Duration.ofMinutes(1)).ended(RUN)).isEmpty();
    }

    @Test
    void stopsFollowingADeletedOrUnknownRun() {
        states.addAll(List.of("running", "unknown"));
        assertThatThrownBy(() -> follower(Duration.ofMinutes(1)).follow(RUN, silent()))
                .isInstanceOf(RefusedException.class)
                .hasMessage("The run was deleted.");
        states.clear();
        states.add("unknown");
        assertThatThrownBy(() -> follower(Duration.ofSeconds(3)).follow(RUN, silent()))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("does not know the run " + RUN)
                .hasMessageContaining("for 3 s");
    }
}
