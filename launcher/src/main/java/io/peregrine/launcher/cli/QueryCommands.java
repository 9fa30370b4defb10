package io.peregrine.launcher.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.EventCodec;
import io.peregrine.platform.RefusedException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The commands for a running instance: `publish`, `status`, `cancel`.
final class QueryCommands {
    /// Number of kinds of findings that are named in one line.
    private static final int LARGEST = 3;

    private QueryCommands() {}

    @Command(
            name = "publish",
            modelTransformer = SpecOptions.FromTable.class,
            description = "Publish a dataset-ready event for a folder to the running instance, and print the run's id.")
    static final class Publish implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Parameters(
                paramLabel = "FOLDER",
                description = "one folder for each class, or train/, valid/ and test/ with such folders")
        Path folder;

        @Mixin
        SpecOptions spec;

        @Override
        public Integer call() {
            RunningInstance instance = RunningInstance.require(instanceOptions.data());
            RunCommands.requireClasses(folder);
            System.out.println(new KafkaClient(instance.kafka()).publish(spec.datasetReady(folder)));
            return 0;
        }
    }

    @Command(
            name = "status",
            aliases = {"runs", "show"},
            description = "Show broker, database, services and all runs, or one run.")
    static final class Status implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Option(names = "--json", description = "print JSON; one run is always printed as JSON")
        boolean asJson;

        @Parameters(arity = "0..1", paramLabel = "RUN")
        String run;

        @Override
        public Integer call() throws IOException, InterruptedException {
            RunningInstance instance = RunningInstance.require(instanceOptions.data());
            if (run != null) {
                System.out.println(json(request(instance.cluster(), "GET", "/api/v1/runs/" + run))
                        .toPrettyString());
                // Standard output contains only the run's JSON.
                findings(instance, run).ifPresent(System.err::println);
                return 0;
            }
            List<ProcessStatus> processes = ProcessStatus.of(instance);
            if (!asJson) {
                ProcessStatus.table(processes).forEach(System.out::println);
                System.out.println();
            }
            JsonNode runs = json(request(instance.cluster(), "GET", "/api/v1/runs?limit=50"))
                    .path("items");
            if (asJson) {
                ObjectNode all = EventCodec.json().createObjectNode();
                all.set("processes", EventCodec.json().valueToTree(processes));
                all.set("runs", runs);
                System.out.println(all.toPrettyString());
                return 0;
            }
            if (runs.isEmpty()) {
                System.out.println("There are no runs yet; ./peregrine publish FOLDER starts one.");
            }
            for (JsonNode each : runs) {
                JsonNode waiting = each.path("waiting");
                System.out.println("%s  %-10s %s%s"
                        .formatted(
                                each.path("run").asText(each.path("id").asText()),
                                each.path("state").asText(),
                                each.path("dataset").asText(),
                                waiting.isObject() ? "  (waiting " + waiting(waiting) + ")" : ""));
            }
            return 0;
        }

        private static String waiting(JsonNode waiting) {
            return waiting.hasNonNull("resource")
                    ? "in %s: %s"
                            .formatted(
                                    waiting.path("stage").asText(),
                                    waiting.path("resource").asText())
                    : "for %s, position %d, behind %s"
                            .formatted(
                                    waiting.path("stage").asText(),
                                    waiting.path("position").asInt(),
                                    waiting.path("behind").path(0).asText("no other run"));
        }
    }

    /// @return one line for a person, if the dataset of the run has findings; empty if ingest-service does not
    ///     answer, or the dataset is not sealed
    static Optional<String> findings(RunningInstance instance, String run) throws InterruptedException {
        String findings = "/api/v1/datasets/" + run + "/findings";
        try {
            HttpResponse<String> answer = request(instance.ingest(), "GET", findings + "?limit=1");
            return answer.statusCode() == 200
                    ? findingsLine(json(answer).path("totals"), instance.ingest() + findings)
                    : Optional.empty();
        } catch (IOException | RefusedException ingestUnavailable) {
            // The run can be shown without them; its findings can be queried later.
            return Optional.empty();
        }
    }

    /// @param totals as ingest-service reports them: `[{"kind": "HIDDEN", "total": 2, "concerned": 2, …}, …]`
    /// @return the number of findings and the kinds that concern most images or files, if anything was found
    static Optional<String> findingsLine(JsonNode totals, String address) {
        List<JsonNode> kinds = new ArrayList<>();
        totals.forEach(kinds::add);
        if (kinds.isEmpty()) {
            return Optional.empty();
        }
        long findings =
                kinds.stream().mapToLong(kind -> kind.path("total").asLong()).sum();
        String largest = kinds.stream()
                .sorted(Comparator.comparingLong(kind -> -concerned(kind)))
                .limit(LARGEST)
                .map(kind -> "%s (%,d)".formatted(words(kind), concerned(kind)))
                .collect(Collectors.joining(", "));
        return Optional.of("Found in the dataset: %,d %s; the largest: %s; see %s"
                .formatted(findings, findings == 1 ? "finding" : "findings", largest, address));
    }

    private static String words(JsonNode kind) {
        return kind.path("kind").asText().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /// @return number of images or files; not all findings are stored with theirs
    private static long concerned(JsonNode kind) {
        return Math.max(kind.path("total").asLong(), kind.path("concerned").asLong());
    }

    @Command(name = "cancel", description = "Cancel a run.")
    static final class Cancel implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Parameters(paramLabel = "RUN")
        String run;

        @Override
        public Integer call() throws IOException, InterruptedException {
            RunningInstance instance = RunningInstance.require(instanceOptions.data());
            cancel(instance.cluster(), run);
            System.out.println("Cancelled " + run + ".");
            return 0;
        }
    }

    /// Cancels a run.
    ///
    /// @param cluster address of cluster-service
    /// @throws RefusedException if cluster-service refuses or does not answer
    static void cancel(String cluster, String run) throws IOException, InterruptedException {
        json(request(cluster, "POST", "/api/v1/runs/" + run + "/cancel"));
    }

    private static HttpResponse<String> request(String service, String method, String path)
            throws IOException, InterruptedException {
        return request(service, method, path, Duration.ofSeconds(15));
    }

    static HttpResponse<String> request(String service, String method, String path, Duration patience)
            throws IOException, InterruptedException {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                    InstanceAccess.sign(HttpRequest.newBuilder(URI.create(service + path)))
                            .timeout(patience)
                            .method(method, HttpRequest.BodyPublishers.noBody())
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (ConnectException refused) {
            throw new RefusedException(
                    "No connection to %s. See the log of this service, or start everything with ./peregrine up."
                            .formatted(service));
        } catch (IllegalArgumentException notAnAddress) {
            throw new RefusedException(
                    "'%s' is not a valid path with a run's id; ./peregrine status lists the ids.".formatted(path));
        }
    }

    /// @return the answer's body
    /// @throws RefusedException with the service's error detail, if it answered with an error
    static JsonNode json(HttpResponse<String> answer) throws IOException {
        JsonNode body = EventCodec.json().readTree(answer.body().isBlank() ? "{}" : answer.body());
        if (answer.statusCode() >= 300) {
            throw new RefusedException(body.path("detail")
                    .asText("%s answered with status %d.".formatted(answer.uri(), answer.statusCode())));
        }
        return body;
    }
}
