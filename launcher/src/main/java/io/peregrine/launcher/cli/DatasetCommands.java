package io.peregrine.launcher.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.artifacts.BalancedRows;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.platform.RefusedException;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The commands that show or export a balanced set: `samples` and `export`.
final class DatasetCommands {
    private DatasetCommands() {}

    @Command(
            name = "samples",
            description =
                    "Write a contact sheet of synthetic images: each column has base, synthetic image and neighbour.")
    static final class Samples implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Parameters(paramLabel = "RUN")
        String run;

        @Option(names = "--class", paramLabel = "C", description = "only of this class")
        String label;

        @Option(
                names = "--count",
                paramLabel = "N",
                description = "synthetic images, 1 to 64 (default: ${DEFAULT-VALUE})")
        int count = 12;

        @Option(
                names = "--to",
                paramLabel = "FILE",
                description = "PNG file to write (default: samples-RUN[-C].png in the working directory)")
        Path file;

        @Override
        public Integer call() throws IOException, InterruptedException {
            String of = label == null ? "" : "&label=" + URLEncoder.encode(label, StandardCharsets.UTF_8);
            byte[] png = request(instanceOptions, "/api/v1/runs/%s/samples/sheet?limit=%d%s".formatted(run, count, of));
            String name = label == null ? "samples-%s.png".formatted(run) : "samples-%s-%s.png".formatted(run, label);
            Path written = file == null ? Path.of(name) : file;
            Files.write(written, png);
            System.out.println(written.toAbsolutePath());
            return 0;
        }
    }

    @Command(
            name = "export",
            description =
                    "Export a run's balanced set for another trainer: originals first, in the order of fit_resample.")
    static final class Export implements Callable<Integer> {
        @Mixin
        InstanceOptions instanceOptions;

        @Parameters(paramLabel = "RUN")
        String run;

        @Option(
                names = "--as",
                paramLabel = "safetensors|npy|imagefolder",
                required = true,
                description = "arrays X (float32) and y, or a PNG for each row")
        String form;

        @Option(
                names = "--to",
                paramLabel = "DIR",
                description = "empty or new folder (default: export-RUN in the working directory)")
        Path folder;

        @Override
        public Integer call() throws IOException, InterruptedException {
            io.peregrine.artifacts.Export.Format wanted = form();
            JsonNode plan =
                    EventCodec.json().readTree(request(instanceOptions, "/api/v1/runs/%s/balance".formatted(run)));
            if (!plan.path("state").asText().equals("balanced")) {
                throw new RefusedException("Run %s is not balanced yet; about %.0f s are left."
                        .formatted(run, plan.path("secondsLeft").asDouble()));
            }
            FileStore store = new FileStore(
                    Path.of(RunningInstance.require(instanceOptions.data()).data(), "store"));
            Path to = folder == null ? Path.of("export-" + run) : folder;
            try {
                write(wanted, store, plan, to);
            } catch (FailureException refused) {
                throw new RefusedException(refused.getMessage() + ".");
            }
            System.out.println(to.toAbsolutePath());
            return 0;
        }

        private io.peregrine.artifacts.Export.Format form() {
            return switch (form) {
                case "safetensors" -> io.peregrine.artifacts.Export.Format.SAFETENSORS;
                case "npy" -> io.peregrine.artifacts.Export.Format.NPY;
                case "imagefolder" -> io.peregrine.artifacts.Export.Format.IMAGEFOLDER;
                default ->
                    throw new RefusedException(
                            "--as is '%s'; it must be safetensors, npy or imagefolder.".formatted(form));
            };
        }

        private static void write(io.peregrine.artifacts.Export.Format form, FileStore store, JsonNode plan, Path to)
                throws IOException {
            Manifest manifest =
                    Manifest.open(store, EventCodec.json().treeToValue(plan.get("manifest"), ManifestRef.class));
            List<ArtifactRef> shards = List.of(EventCodec.json().treeToValue(plan.get("shards"), ArtifactRef[].class));
            int rows = plan.get("rows").intValue();
            try (PixelRows pixels = new PixelRows(store, manifest)) {
                io.peregrine.artifacts.Export export =
                        new io.peregrine.artifacts.Export(BalancedRows.open(store, shards, rows), manifest, pixels);
                System.out.println("%,d rows of %,d values take %,d bytes in %s."
                        .formatted(rows, pixels.values(), export.bytes(form), to.toAbsolutePath()));
                AtomicLong lastReport = new AtomicLong(System.nanoTime());
                export.write(form, to, done -> {
                    long last = lastReport.get();
                    boolean due =
                            System.nanoTime() - last > Duration.ofSeconds(2).toNanos();
                    if (due && lastReport.compareAndSet(last, System.nanoTime())) {
                        System.out.println("%,d of %,d rows".formatted(done, rows));
                    }
                });
            }
        }
    }

    /// @throws RefusedException with the service's error detail, if it answered with an error
    private static byte[] request(InstanceOptions instanceOptions, String path)
            throws IOException, InterruptedException {
        RunningInstance instance = RunningInstance.require(instanceOptions.data());
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpResponse<byte[]> answer = http.send(
                    InstanceAccess.sign(HttpRequest.newBuilder(URI.create(instance.balance() + path)))
                            .timeout(Duration.ofMinutes(2))
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            if (answer.statusCode() >= 300) {
                throw new RefusedException(EventCodec.json()
                        .readTree(answer.body())
                        .path("detail")
                        .asText("balance-service answered with status " + answer.statusCode() + "."));
            }
            return answer.body();
        } catch (IllegalArgumentException notAnAddress) {
            throw new RefusedException(
                    "'%s' is not a valid path with a run's id; ./peregrine status lists the ids.".formatted(path));
        }
    }
}
