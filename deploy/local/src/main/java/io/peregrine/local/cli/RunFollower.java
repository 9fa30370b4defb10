package io.peregrine.local.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.local.RefusedException;
import java.io.IOException;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// Follows a run until it has ended. Its events tell how far it is, and cluster-service whether it has ended: a
/// run whose events Kafka has dropped already, or whose events cannot be read now, ends all the same.
final class RunFollower {
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final Duration BETWEEN_QUESTIONS = Duration.ofSeconds(2);
    /// How long a run may be unknown that was published just now, and how long cluster-service may be away.
    private static final Duration LONGEST_SILENCE = Duration.ofMinutes(1);

    private final String cluster;
    private final KafkaClient conversation;
    private final Duration longestSilence;

    RunFollower(RunningInstance instance) {
        this(instance.cluster(), new KafkaClient(instance.kafka()), LONGEST_SILENCE);
    }

    RunFollower(String cluster, KafkaClient conversation, Duration longestSilence) {
        this.cluster = cluster;
        this.conversation = conversation;
        this.longestSilence = longestSilence;
    }

    /// @return what became of a run, if cluster-service knows it and it has ended
    /// @throws Refusal if cluster-service does not answer
    Optional<RunResults> ended(String run) {
        return find(run).filter(RunFollower::hasEnded).map(this::results);
    }

    /// Shows a run's events until it has ended.
    ///
    /// @throws Refusal if nobody knows the run, or cluster-service stays away
    RunResults follow(String run, ProgressView screen) {
        RunProgress progress = new RunProgress(run);
        Silence silence = new Silence();
        JsonNode[] ended = new JsonNode[1];
        conversation.follow(progress, screen, () -> {
            ended[0] = silence.ask(run, progress);
            return ended[0] != null;
        });
        while (ended[0] == null) {
            // The end was heard; cluster-service says the rest when it has heard of it, too.
            LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
            ended[0] = silence.ask(run, progress);
        }
        return results(ended[0]);
    }

    /// Asks cluster-service every now and then, and bounds how long nobody knows anything of the run.
    private final class Silence {
        private long nextQuestion = System.nanoTime();
        private long lastSign = System.nanoTime();
        private int events;
        private boolean wasKnown;

        /// @return the run's details, once it has ended; otherwise null
        JsonNode ask(String run, RunProgress progress) {
            long now = System.nanoTime();
            if (progress.end().isEmpty() && now < nextQuestion) {
                return null;
            }
            nextQuestion = now + BETWEEN_QUESTIONS.toNanos();
            if (progress.events() > events) {
                events = progress.events();
                lastSign = now;
            }
            Optional<JsonNode> details;
            try {
                details = find(run);
            } catch (RefusedException away) {
                mustNotLast(now, away.getMessage());
                return null;
            }
            if (details.isPresent()) {
                lastSign = now;
                wasKnown = true;
                return details.filter(RunFollower::hasEnded).orElse(null);
            }
            if (wasKnown || progress.end().filter(RunDeleted.class::isInstance).isPresent()) {
                throw new RefusedException("The run was deleted.");
            }
            mustNotLast(now, "cluster-service does not know the run %s.".formatted(run));
            return null;
        }

        private void mustNotLast(long now, String found) {
            if (now - lastSign > longestSilence.toNanos()) {
                throw new RefusedException(
                        "%s No event of it has come for %d s either. It was deleted, or a service does not work: see ./peregrine status and the logs."
                                .formatted(found, longestSilence.toSeconds()));
            }
        }
    }

    private static boolean hasEnded(JsonNode details) {
        return !details.path("state").asText().equals("running");
    }

    private Optional<JsonNode> find(String run) {
        try {
            HttpResponse<String> answer = QueryCommands.ask(cluster, "GET", "/api/v1/runs/" + run, PATIENCE);
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
        // A run with many classes has them in pages.
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
                JsonNode page = QueryCommands.json(QueryCommands.ask(cluster, "GET", path + from, PATIENCE));
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
