package io.peregrine.launcher.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.Stage;
import io.peregrine.launcher.progress.ProgressView;
import io.peregrine.launcher.progress.RunProgress;
import io.peregrine.launcher.progress.RunResults;
import io.peregrine.platform.RefusedException;
import java.io.IOException;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// Follows a run until it has ended. Events show its progress; cluster-service reports whether it has ended. So
/// the follower also stops if Kafka has already deleted the run's events, or if they cannot be read now.
final class RunFollower {
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final Duration POLL_INTERVAL = Duration.ofSeconds(2);
    /// How long a run that was just published may be unknown, and how long cluster-service may be unavailable.
    private static final Duration MAX_SILENCE = Duration.ofMinutes(1);
    /// The times of a stage and the last events arrive shortly after the run's end. Events that Kafka has deleted
    /// never do.
    private static final Duration LAST_EVENTS = Duration.ofSeconds(5);

    private final String cluster;
    private final KafkaClient kafka;
    private final Duration maxSilence;

    RunFollower(RunningInstance instance) {
        this(instance.cluster(), new KafkaClient(instance.kafka()), MAX_SILENCE);
    }

    RunFollower(String cluster, KafkaClient kafka, Duration maxSilence) {
        this.cluster = cluster;
        this.kafka = kafka;
        this.maxSilence = maxSilence;
    }

    /// @return the results of a run, if cluster-service knows it and it has ended
    /// @throws RefusedException if cluster-service does not answer
    Optional<RunResults> ended(String run) {
        return find(run).filter(RunFollower::hasEnded).map(this::results);
    }

    /// Shows a run's events until it has ended.
    ///
    /// @throws RefusedException if the run is unknown, or cluster-service stays unavailable
    RunResults follow(String run, ProgressView view) {
        return follow(run, view, progress -> {});
    }

    /// Shows a run's events until it has ended.
    ///
    /// @param check called repeatedly with the progress so far; it may throw RefusedException to stop following
    /// @throws RefusedException if the run is unknown, or cluster-service stays unavailable
    RunResults follow(String run, ProgressView view, Consumer<RunProgress> check) {
        RunProgress progress = new RunProgress(run);
        Silence silence = new Silence();
        JsonNode[] ended = new JsonNode[1];
        kafka.follow(progress, view, () -> {
            check.accept(progress);
            ended[0] = silence.poll(run, progress);
            return ended[0] != null;
        });
        while (ended[0] == null) {
            // The event that ends the run was received. Wait until cluster-service has processed it too.
            LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
            ended[0] = silence.poll(run, progress);
        }
        return results(ended[0]);
    }

    /// Polls cluster-service, and limits how long neither events nor cluster-service report anything about the
    /// run.
    private final class Silence {
        private long nextPoll = System.nanoTime();
        private long lastNews = System.nanoTime();
        private int events;
        private boolean wasKnown;
        private long endSeen;

        /// @return the run's details, once it has ended; otherwise null
        JsonNode poll(String run, RunProgress progress) {
            long now = System.nanoTime();
            if (progress.end().isEmpty() && now < nextPoll) {
                return null;
            }
            nextPoll = now + POLL_INTERVAL.toNanos();
            if (progress.events() > events) {
                events = progress.events();
                lastNews = now;
            }
            Optional<JsonNode> details;
            try {
                details = find(run);
            } catch (RefusedException unavailable) {
                failIfTooLong(now, unavailable.getMessage());
                return null;
            }
            if (details.isPresent()) {
                lastNews = now;
                wasKnown = true;
                return details.filter(RunFollower::hasEnded)
                        .filter(ended -> isWhole(ended, now))
                        .orElse(null);
            }
            if (wasKnown || progress.end().filter(RunDeleted.class::isInstance).isPresent()) {
                throw new RefusedException("The run was deleted.");
            }
            failIfTooLong(now, "cluster-service does not know the run %s.".formatted(run));
            return null;
        }

        /// @return whether the details have the times of all stages, or have been incomplete for too long
        private boolean isWhole(JsonNode ended, long now) {
            endSeen = endSeen == 0 ? now : endSeen;
            return !ended.path("state").asText().equals("completed")
                    || ended.path("seconds").has(Stage.CLUSTER.jsonName())
                    || now - endSeen > Math.min(LAST_EVENTS.toNanos(), maxSilence.toNanos());
        }

        private void failIfTooLong(long now, String found) {
            if (now - lastNews > maxSilence.toNanos()) {
                throw new RefusedException(
                        "%s No event of the run was received for %d s either. It was deleted, or a service does not work: see ./peregrine status and the logs."
                                .formatted(found, maxSilence.toSeconds()));
            }
        }
    }

    private static boolean hasEnded(JsonNode details) {
        return !details.path("state").asText().equals("running");
    }

    private Optional<JsonNode> find(String run) {
        try {
            HttpResponse<String> answer = QueryCommands.request(cluster, "GET", "/api/v1/runs/" + run, PATIENCE);
            return answer.statusCode() == 404 ? Optional.empty() : Optional.of(QueryCommands.json(answer));
        } catch (IOException e) {
            throw new RefusedException("%s does not answer: %s.".formatted(cluster, e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException("Interrupted.");
        }
    }

    private RunResults results(JsonNode details) {
        String run = "/api/v1/runs/" + details.path("run").asText();
        boolean completed = details.path("state").asText().equals("completed");
        // The classes of a run with many classes are paginated.
        List<JsonNode> classes = details.path("classes").isArray()
                ? RunResults.list(details.path("classes"))
                : completed ? pages(run + "/classes") : List.of();
        return new RunResults(details, classes, completed ? pages(run + "/clusters") : List.of());
    }

    private List<JsonNode> pages(String path) {
        List<JsonNode> items = new ArrayList<>();
        String cursor = null;
        try {
            do {
                String from = cursor == null ? "" : "?cursor=" + URLEncoder.encode(cursor, StandardCharsets.UTF_8);
                JsonNode page = QueryCommands.json(QueryCommands.request(cluster, "GET", path + from, PATIENCE));
                items.addAll(RunResults.list(page.path("items")));
                cursor = page.path("nextCursor").textValue();
            } while (cursor != null);
            return items;
        } catch (IOException e) {
            throw new RefusedException("%s does not answer: %s.".formatted(cluster, e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException("Interrupted.");
        }
    }
}
