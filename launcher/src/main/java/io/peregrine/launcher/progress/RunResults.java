package io.peregrine.launcher.progress;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.Stage;
import io.peregrine.launcher.compare.Tested;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;

/// Results of a run that has ended, as cluster-service reports them. Kafka deletes a run's events after some
/// days; cluster-service keeps the run until it is deleted.
///
/// @param details of `GET /api/v1/runs/{run}`
/// @param classes in label order
/// @param clusters by index; empty unless the run is completed
public record RunResults(JsonNode details, List<JsonNode> classes, List<JsonNode> clusters) {
    public RunResults {
        classes = List.copyOf(classes);
        clusters = List.copyOf(clusters);
    }

    String run() {
        return details.path("run").asText();
    }

    public boolean isCompleted() {
        return details.path("state").asText().equals("completed");
    }

    /// @return why the run is not completed
    public String why() {
        JsonNode failure = details.path("failure");
        if (failure.isMissingNode() || failure.isNull()) {
            return details.path("state").asText().equals("cancelled")
                    ? "The run was cancelled: " + details.path("cancelled").asText()
                    : "The run is " + details.path("state").asText() + ".";
        }
        StringBuilder text = new StringBuilder("The run failed in %s, %s: %s"
                .formatted(
                        failure.path("stage").asText(),
                        failure.path("reason").asText(),
                        failure.path("detail").asText()));
        for (JsonNode error : failure.path("errors")) {
            text.append("\n  %s: %s (found %s); %s"
                    .formatted(
                            error.path("field").asText(),
                            error.path("problem").asText(),
                            error.path("found").asText(),
                            error.path("remedy").asText()));
        }
        return text.toString();
    }

    public List<String> classNames() {
        return classes.stream().map(each -> each.path("name").asText()).toList();
    }

    /// @return training images of each class, before balancing
    public List<Long> trainingImages() {
        return classes.stream().map(each -> each.path("before").asLong()).toList();
    }

    /// @return rows of the balanced set
    public long rows() {
        return classes.stream().mapToLong(each -> each.path("after").asLong()).sum();
    }

    /// @return the classifier's last epoch; a training that was restarted from scratch may have fewer epochs than
    ///     were published before
    public int lastEpoch() {
        for (JsonNode epoch : details.path("classifier").path("history")) {
            if (epoch.path("last").asBoolean()) {
                return epoch.path("epoch").asInt();
            }
        }
        return 0;
    }

    /// @return the classifier's results on the test images; empty if there are none
    public Optional<Tested> test() {
        JsonNode test = details.path("classifier").path("test");
        if (!test.isObject()) {
            return Optional.empty();
        }
        List<Double> recall = new ArrayList<>();
        if (test.path("recall").isArray()) {
            test.path("recall").forEach(each -> recall.add(measured(each)));
        } else {
            // With many classes, each class has its own recall.
            classes.forEach(each -> recall.add(measured(each.path("recall"))));
        }
        return Optional.of(new Tested(
                test.path("loss").asDouble(),
                test.path("accuracy").asDouble(),
                test.path("balancedAccuracy").asDouble(),
                test.path("macroF1").asDouble(),
                recall,
                classes.stream().map(each -> each.path("test").asLong()).toList()));
    }

    private static Double measured(JsonNode share) {
        return share.isNumber() ? share.doubleValue() : null;
    }

    /// @return seconds by stage, in the order of the stages
    Map<String, Double> seconds() {
        Map<String, Double> seconds = new LinkedHashMap<>();
        for (Stage stage : Stage.values()) {
            JsonNode took = details.path("seconds").path(stage.jsonName());
            if (took.isNumber()) {
                seconds.put(stage.jsonName(), took.asDouble());
            }
        }
        return seconds;
    }

    public static List<JsonNode> list(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }
}
