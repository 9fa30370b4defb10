package io.peregrine.launcher.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.platform.RefusedException;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The commands that maintain runs and the store: `delete`, `prune`, `fsck`. They query each service, because
/// each is responsible for the artifacts that it published.
final class MaintenanceCommands {
    /// Long, because the store may be a remote bucket.
    private static final Duration PATIENCE = Duration.ofMinutes(30);

    private MaintenanceCommands() {}

    @Command(
            name = "delete",
            description =
                    "Delete a run that has ended. Artifacts that only this run references stay in the store until ./peregrine prune.")
    static final class Delete implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Parameters(paramLabel = "RUN")
        String run;

        @Override
        public Integer call() throws IOException, InterruptedException {
            RunningInstance instance = RunningInstance.require(instanceOptions.data());
            QueryCommands.json(
                    QueryCommands.request(instance.cluster(), "DELETE", "/api/v1/runs/" + run, Duration.ofMinutes(2)));
            List<String> late = new ArrayList<>();
            for (Map.Entry<String, String> service : instance.services().entrySet()) {
                if (!hasProcessedDeletion(service.getValue())) {
                    late.add(service.getKey());
                }
            }
            System.out.println("Deleted " + run + ". ./peregrine prune frees the disk space that only this run used.");
            if (!late.isEmpty()) {
                System.out.println("These services have not processed the deletion yet, but will: "
                        + String.join(", ", late) + ".");
            }
            return 0;
        }

        /// Waits until a service has received the deletion over Kafka, so that the next prune no longer counts
        /// this run.
        private boolean hasProcessedDeletion(String service) throws InterruptedException {
            String path = "/api/v1/artifacts?run=" + URLEncoder.encode(run, StandardCharsets.UTF_8);
            for (int tries = 0; tries < 100; tries++) {
                try {
                    if (request(service, "GET", path).path("artifacts").asLong(1) == 0) {
                        return true;
                    }
                } catch (IOException | RefusedException unavailable) {
                    return false;
                }
                TimeUnit.MILLISECONDS.sleep(200);
            }
            return false;
        }
    }

    @Command(
            name = "prune",
            description =
                    "Delete the artifacts that no run references from the store; services keep running meanwhile.")
    static final class Prune implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Option(names = "--dry-run", description = "only print what would be deleted")
        boolean dry;

        @Override
        public Integer call() throws IOException, InterruptedException {
            RunningInstance instance = RunningInstance.require(instanceOptions.data());
            long artifacts = 0;
            long bytes = 0;
            for (Map.Entry<String, String> service : instance.services().entrySet()) {
                JsonNode pruned = dry
                        ? request(service.getValue(), "GET", "/api/v1/artifacts/unneeded")
                        : request(service.getValue(), "POST", "/api/v1/artifacts/prune");
                long ofService = pruned.path("artifacts").asLong();
                long bytesOfService = pruned.path("bytes").asLong();
                System.out.println(line(service.getKey(), ofService, bytesOfService));
                artifacts += ofService;
                bytes += bytesOfService;
            }
            System.out.println(
                    "%s %,d artifacts, %,d bytes.".formatted(dry ? "Would delete" : "Deleted", artifacts, bytes));
            return 0;
        }
    }

    @Command(
            name = "fsck",
            description =
                    "Read every artifact that a run references and compare it with its SHA-256, which is its name, and its length."
                            + " Lists missing, damaged and unreferenced artifacts, and moves damaged files to damaged/ in the"
                            + " store (not in a bucket). Exit status 1 if an artifact is missing or damaged.")
    static final class Fsck implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Override
        public Integer call() throws IOException, InterruptedException {
            RunningInstance instance = RunningInstance.require(instanceOptions.data());
            List<JsonNode> faults = new ArrayList<>();
            List<JsonNode> unneeded = new ArrayList<>();
            long unneededCount = 0;
            for (Map.Entry<String, String> service : instance.services().entrySet()) {
                long artifacts = 0;
                long bytes = 0;
                String cursor = null;
                do {
                    String from = cursor == null ? "" : "?cursor=" + URLEncoder.encode(cursor, StandardCharsets.UTF_8);
                    JsonNode page = request(service.getValue(), "GET", "/api/v1/artifacts/check" + from);
                    artifacts += page.path("artifacts").asLong();
                    bytes += page.path("bytes").asLong();
                    page.path("items").forEach(faults::add);
                    cursor = page.path("nextCursor").textValue();
                } while (cursor != null);
                System.out.println(line(service.getKey(), artifacts, bytes));
                JsonNode rest = request(service.getValue(), "GET", "/api/v1/artifacts/unneeded");
                unneededCount +=
                        rest.path("artifacts").asLong() + rest.path("retained").asLong();
                rest.path("items").forEach(unneeded::add);
            }
            print(faults, unneeded, unneededCount);
            return faults.isEmpty() ? 0 : 1;
        }

        private static void print(List<JsonNode> faults, List<JsonNode> unneeded, long unneededCount) {
            for (JsonNode fault : faults) {
                String how = fault.path("code").asText().equals("ARTIFACT_MISSING") ? "missing" : "damaged";
                List<String> runs = StreamSupport.stream(fault.path("runs").spliterator(), false)
                        .map(JsonNode::asText)
                        .toList();
                System.out.println("%-9s %s%n          referenced by %s"
                        .formatted(how, fault.path("detail").asText(), String.join(", ", runs)));
            }
            for (JsonNode file : unneeded) {
                System.out.println("unneeded  %s, %,d bytes%s"
                        .formatted(
                                file.path("uri").asText(),
                                file.path("bytes").asLong(),
                                file.path("retained").asBoolean()
                                        ? ", kept until it is a day old, because no table lists it"
                                        : ""));
            }
            System.out.println(
                    faults.isEmpty()
                            ? "No artifact that a run references is missing or damaged."
                            : "%,d artifacts are missing or damaged. Publish the datasets of their runs again with the same"
                                            .formatted(faults.size())
                                    + " specification; this restores the same files under the same names.");
            if (unneededCount > 0) {
                System.out.println("%,d files are not referenced by any run; ./peregrine prune deletes them."
                        .formatted(unneededCount));
            }
        }
    }

    private static String line(String service, long artifacts, long bytes) {
        return "%-16s %,9d artifacts %,16d bytes".formatted(service, artifacts, bytes);
    }

    /// @throws RefusedException with the service's error detail, if it answered with an error
    private static JsonNode request(String service, String method, String path)
            throws IOException, InterruptedException {
        return QueryCommands.json(QueryCommands.request(service, method, path, PATIENCE));
    }
}
