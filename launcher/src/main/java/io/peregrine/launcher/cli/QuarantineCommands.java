package io.peregrine.launcher.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.EventCodec;
import io.peregrine.platform.RefusedException;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quarantine` and `audit`: records that services could not read, and who did what. Both query all four
/// services.
final class QuarantineCommands {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String QUARANTINE = "/api/v1/quarantine";

    private QuarantineCommands() {}

    @Command(
            name = "quarantine",
            description = "List the records that services could not read; show, replay or purge them.",
            subcommands = {ListAll.class, Show.class, Replay.class, Purge.class})
    static final class Quarantine implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Mixin
        Listing listing;

        @Override
        public Integer call() throws IOException, InterruptedException {
            return listing.list(instanceOptions);
        }
    }

    /// Options of `quarantine` and `quarantine list`.
    static final class Listing {
        @Option(names = "--limit", paramLabel = "N", description = "records of each service, 1 to 1000 (default: 100)")
        int limit = 100;

        @Option(names = "--json", description = "print one JSON array")
        boolean json;

        int list(InstanceOptions instanceOptions) throws IOException, InterruptedException {
            RunningInstance instance = RunningInstance.require(instanceOptions.data());
            ArrayNode all = merged(instance, QUARANTINE + "?limit=" + limit, "keptAt");
            if (json) {
                System.out.println(all.toPrettyString());
                return 0;
            }
            if (all.isEmpty()) {
                System.out.println("The quarantine is empty.");
            }
            for (JsonNode record : all) {
                System.out.println("%-14s %s  %s/%d at %d  %,d bytes  %s: %s"
                        .formatted(
                                record.path("id").asText(),
                                record.path("keptAt").asText(),
                                record.path("topic").asText(),
                                record.path("partition").asInt(),
                                record.path("offset").asLong(),
                                record.path("bytes").asLong(),
                                record.path("kind").asText(),
                                record.path("message").asText()));
            }
            return 0;
        }
    }

    @Command(name = "list", description = "List the records of all services, newest first.")
    static final class ListAll implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Mixin
        Listing listing;

        @Override
        public Integer call() throws IOException, InterruptedException {
            return listing.list(instanceOptions);
        }
    }

    /// Id of a record on the command line: its service and its number in that service.
    private record RecordId(String service, String path) {
        static RecordId of(RunningInstance instance, String id) {
            String[] parts = id.split(":", 2);
            String address = instance.services().get(parts[0] + "-service");
            if (parts.length < 2 || address == null || !parts[1].matches("[0-9]{1,18}")) {
                throw new RefusedException(
                        "'%s' is not the id of a record in quarantine, such as ingest:12; ./peregrine quarantine lists them."
                                .formatted(id));
            }
            return new RecordId(address, QUARANTINE + "/" + parts[1]);
        }

        JsonNode request(String method, String after) throws IOException, InterruptedException {
            return QueryCommands.json(QueryCommands.request(service, method, path + after, PATIENCE));
        }
    }

    @Command(name = "show", description = "Show one record with its headers and its bytes, as JSON.")
    static final class Show implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Parameters(paramLabel = "ID", description = "such as ingest:12")
        String id;

        @Override
        public Integer call() throws IOException, InterruptedException {
            System.out.println(RecordId.of(RunningInstance.require(instanceOptions.data()), id)
                    .request("GET", "")
                    .toPrettyString());
            return 0;
        }
    }

    @Command(
            name = "replay",
            description =
                    "Let the service receive a record again. If it is accepted, it leaves the quarantine; otherwise it stays"
                            + " with the new reason, and the exit status is 2.")
    static final class Replay implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Parameters(paramLabel = "ID", arity = "1..*", description = "such as ingest:12")
        List<String> ids;

        @Override
        public Integer call() throws IOException, InterruptedException {
            RunningInstance instance = RunningInstance.require(instanceOptions.data());
            for (String id : ids) {
                RecordId.of(instance, id).request("POST", "/replay");
                System.out.println("Accepted " + id + ".");
            }
            return 0;
        }
    }

    @Command(
            name = "purge",
            description = "Delete records permanently: by ID, or all records of every service that match.")
    static final class Purge implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Parameters(paramLabel = "ID", arity = "0..*", description = "such as ingest:12")
        List<String> ids = List.of();

        @Option(names = "--kind", description = "only records of this kind, such as NOT_AN_EVENT")
        String kind;

        @Option(names = "--topic", description = "only records of this topic, such as peregrine.images")
        String topic;

        @Option(names = "--older-than", paramLabel = "DAYS", description = "only records older than this")
        Integer days;

        @Option(names = "--all", description = "every record")
        boolean all;

        @Override
        public Integer call() throws IOException, InterruptedException {
            boolean filtered = kind != null || topic != null || days != null || all;
            if (ids.isEmpty() != filtered) {
                throw new RefusedException(
                        "Give either the IDs of records, or at least one of --kind, --topic, --older-than and --all.");
            }
            RunningInstance instance = RunningInstance.require(instanceOptions.data());
            for (String id : ids) {
                RecordId.of(instance, id).request("DELETE", "");
                System.out.println("Removed " + id + ".");
            }
            if (filtered) {
                for (Map.Entry<String, String> service : instance.services().entrySet()) {
                    JsonNode purged =
                            QueryCommands.json(QueryCommands.request(service.getValue(), "DELETE", query(), PATIENCE));
                    System.out.println("%-16s %,9d records removed"
                            .formatted(service.getKey(), purged.path("records").asLong()));
                }
            }
            return 0;
        }

        private String query() {
            StringBuilder query = new StringBuilder(QUARANTINE + "?all=" + all);
            add(query, "kind", kind);
            add(query, "topic", topic);
            try {
                add(
                        query,
                        "before",
                        days == null
                                ? null
                                : Instant.now().minus(Duration.ofDays(days)).toString());
            } catch (DateTimeException | ArithmeticException e) {
                throw new RefusedException(
                        "--older-than is %d; that many days are out of range. Give a smaller number of days."
                                .formatted(days));
            }
            return query.toString();
        }

        private static void add(StringBuilder query, String name, String value) {
            if (value != null) {
                query.append('&').append(name).append('=').append(URLEncoder.encode(value, StandardCharsets.UTF_8));
            }
        }
    }

    @Command(
            name = "audit",
            description = "List who published, cancelled and deleted runs, pruned, replayed and purged, newest first.")
    static final class Audit implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Parameters(arity = "0..1", paramLabel = "RUN", description = "only actions on this run, which may be deleted")
        String run;

        @Option(names = "--limit", paramLabel = "N", description = "entries of each service, 1 to 1000 (default: 100)")
        int limit = 100;

        @Option(names = "--json", description = "print one JSON array")
        boolean json;

        @Override
        public Integer call() throws IOException, InterruptedException {
            RunningInstance instance = RunningInstance.require(instanceOptions.data());
            String ofRun = run == null ? "" : "&run=" + URLEncoder.encode(run, StandardCharsets.UTF_8);
            ArrayNode all = merged(instance, "/api/v1/audit?limit=" + limit + ofRun, "at");
            if (json) {
                System.out.println(all.toPrettyString());
                return 0;
            }
            for (JsonNode entry : all) {
                System.out.println("%s  %-15s  %-9s  %-32s  by %s  (%s)"
                        .formatted(
                                entry.path("at").asText(),
                                entry.path("service").asText(),
                                entry.path("action").asText(),
                                entry.path("run").asText("-"),
                                entry.path("by").asText(),
                                entry.path("detail").asText()));
            }
            return 0;
        }
    }

    /// @return the items of all services, newest first, each with its service and its command-line id
    private static ArrayNode merged(RunningInstance instance, String path, String time)
            throws IOException, InterruptedException {
        ArrayNode all = EventCodec.json().createArrayNode();
        for (Map.Entry<String, String> service : instance.services().entrySet()) {
            JsonNode items = QueryCommands.json(QueryCommands.request(service.getValue(), "GET", path, PATIENCE))
                    .path("items");
            for (JsonNode item : items) {
                ObjectNode entry = (ObjectNode) item;
                entry.put(
                        "id",
                        service.getKey().replace("-service", "") + ":"
                                + item.path("id").asText());
                entry.put("service", service.getKey());
                all.add(entry);
            }
        }
        ArrayNode sorted = EventCodec.json().createArrayNode();
        StreamSupport.stream(all.spliterator(), false)
                .sorted(Comparator.comparing(
                                (JsonNode item) -> Instant.parse(item.path(time).asText()))
                        .reversed())
                .forEach(sorted::add);
        return sorted;
    }
}
