package io.peregrine.ingest.rest;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.PipelineEvent.DatasetReady;
import io.peregrine.events.spec.InvalidSpecException;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.ingest.IngestConfig;
import io.peregrine.ingest.InitialWeights;
import io.peregrine.ingest.dataset.AllowedRoots;
import io.peregrine.rest.Caller;
import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
import io.peregrine.work.jobs.Database;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.headers.Header;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// Publishes a dataset for clients without a Kafka producer: the same event, the same checks.
@Path("/api/v1/datasets")
@Tag(name = "datasets")
public class DatasetsResource {
    private static final String SMALLEST = "{\"dataset\": \"wikiart\", \"uri\": \"file:///data/wikiart\"}";

    private static final String EVENT = """
            {
              "specversion": "1.0",
              "type": "io.peregrine.dataset.ready.v1",
              "id": "upload-7",
              "source": "https://example.org/uploads",
              "data": { "dataset": "wikiart", "uri": "file:///data/wikiart" }
            }""";

    private final Database database;
    private final AllowedRoots roots;
    private final InitialWeights weights;
    private final URI runs;
    private final String source;
    private final Caller caller;

    DatasetsResource(
            Database database,
            AllowedRoots roots,
            InitialWeights weights,
            IngestConfig config,
            Caller caller,
            @ConfigProperty(name = "quarkus.application.name") String service) {
        this.database = database;
        this.roots = roots;
        this.weights = weights;
        this.runs = URI.create(config.runsUrl().toString().replaceAll("/+$", "") + "/api/v1/runs/");
        this.source = "/peregrine/" + service;
        this.caller = caller;
    }

    /// @param run the id of the run that begins: 32 hexadecimal digits
    public record Begun(
            @Schema(examples = "1f6ae0a1b1f84e9ad4f3c2a7de0b9c55")
            String run,

            @Schema(examples = "wikiart") String dataset) {}

    @POST
    @Blocking
    @Consumes({MediaType.APPLICATION_JSON, PublishRequest.STRUCTURED})
    @Produces({MediaType.APPLICATION_JSON, Problem.MEDIA_TYPE})
    @Operation(
            operationId = "publishDataset",
            summary = "Publish a dataset, which starts a run",
            description = "Publishes io.peregrine.dataset.ready.v1 on peregrine.datasets. Only 'dataset' and"
                    + " 'uri' are required; all other fields have defaults. Repeating a request with the"
                    + " same Idempotency-Key and the same body returns the same run, and so does a CloudEvent"
                    + " with the same id and source.")
    @RequestBody(
            required = true,
            content = {
                @Content(
                        mediaType = MediaType.APPLICATION_JSON,
                        schema = @Schema(ref = SpecificationSchema.REFERENCE),
                        examples = {
                            @ExampleObject(name = "smallest", value = SMALLEST),
                            @ExampleObject(name = "whole", value = WHOLE)
                        }),
                @Content(
                        mediaType = PublishRequest.STRUCTURED,
                        schema =
                                @Schema(
                                        type = SchemaType.OBJECT,
                                        description = "A CloudEvent in structured mode; its data is the specification"),
                        examples = @ExampleObject(name = "event", value = EVENT))
            })
    @APIResponse(
            responseCode = "202",
            description = "The dataset is published; Location is the URL of its run",
            headers = @Header(name = "Location", schema = @Schema(type = SchemaType.STRING, format = "uri")),
            content = @Content(mediaType = MediaType.APPLICATION_JSON, schema = @Schema(implementation = Begun.class)))
    @APIResponse(
            responseCode = "400",
            description = "The body is not a JSON object, or the key is invalid",
            content = @Content(mediaType = Problem.MEDIA_TYPE, schema = @Schema(implementation = Problem.class)))
    @APIResponse(
            responseCode = "410",
            description = "The run of this key was deleted",
            content = @Content(mediaType = Problem.MEDIA_TYPE, schema = @Schema(implementation = Problem.class)))
    @APIResponse(
            responseCode = "422",
            description = "The specification is invalid, or the key was used for another body; 'errors' lists"
                    + " each invalid field with its JSON pointer",
            content = @Content(mediaType = Problem.MEDIA_TYPE, schema = @Schema(implementation = Problem.class)))
    @APIResponse(
            responseCode = "503",
            description = "The database is unavailable; Retry-After states when to retry",
            content = @Content(mediaType = Problem.MEDIA_TYPE, schema = @Schema(implementation = Problem.class)))
    public Response publish(
            byte[] body,
            @Parameter(description = "Makes the request idempotent: the event's id is derived from this key")
                    @HeaderParam("Idempotency-Key")
                    String key,
            @Parameter(
                            description = "The id of a CloudEvent in binary mode; with ce-source it makes the request"
                                    + " idempotent, too")
                    @HeaderParam("ce-id")
                    String eventId,
            @Parameter(
                            description = "The source of a CloudEvent in binary mode, a URI reference; required with"
                                    + " ce-id")
                    @HeaderParam("ce-source")
                    String eventSource,
            @Context HttpHeaders headers) {
        PublishRequest request = PublishRequest.of(body, headers);
        ObjectNode json = request.dataset();
        RunSpec spec = checked(json);
        DatasetReady ready = new DatasetReady(spec.dataset(), json);
        String id = EventCodec.eventId("Idempotency-Key", ready.type(), request.key());
        String run = EventCodec.runId(source, id);
        byte[] data = EventCodec.data(ready);
        if (data.length > EventCodec.MAX_BYTES) {
            throw Problem.of(GeneralProblem.TOO_LARGE, "%,d bytes.".formatted(data.length));
        }
        boolean same = database.inTransaction(null, tx -> {
            if (tx.isDeleted(run)) {
                // The event would be a duplicate without effect, and Location would lead to a deleted run.
                throw Problem.of(DatasetProblem.RUN_DELETED, "It started run %s.".formatted(run));
            }
            tx.causedByActor(caller.name()).publishAs(id, run, ready);
            return tx.isPublished(id, ready);
        });
        if (!same) {
            throw Problem.of(DatasetProblem.KEY_REUSED, "The first body started run %s.".formatted(run));
        }
        return Response.accepted(new Begun(run, spec.dataset()))
                .type(MediaType.APPLICATION_JSON)
                .location(runs.resolve(run))
                .build();
    }

    /// Runs the checks of the event, and also checks that folder and files exist: a REST client gets the answer
    /// at once.
    private RunSpec checked(ObjectNode json) {
        try {
            RunSpec spec = RunSpec.parse(json);
            requireExisting("/uri", () -> roots.resolve(spec.uri()));
            requireExisting("/classifier/initialWeights", () -> weights.check(spec.classifier()));
            requireExisting("/autoencoder/initialWeights", () -> weights.check(spec.autoencoder()));
            return spec;
        } catch (InvalidSpecException bad) {
            throw Problem.of(
                    DatasetProblem.BAD_SPEC,
                    bad.counted() + ".",
                    bad.errors().stream().map(Problem.Field::of).toList());
        }
    }

    private static void requireExisting(String pointer, Runnable look) {
        try {
            look.run();
        } catch (FailureException missing) {
            if (missing.kind() == FailureKind.RESOURCE) {
                throw missing;
            }
            Problem.Field field = new Problem.Field(missing.code() + ": " + missing.getMessage(), pointer);
            throw Problem.of(DatasetProblem.BAD_SPEC, "1 field is wrong.", List.of(field));
        }
    }

    private static final String WHOLE = """
            {
              "dataset": "wikiart",
              "uri": "file:///data/wikiart",
              "split": { "test": 0.1, "validation": 0.1, "seed": 42 },
              "image": { "side": 224, "fit": "stretch", "orientation": "apply" },
              "balance": { "strategy": { "atLeast": 200 }, "neighbours": 5, "seed": 42 },
              "classifier": { "preset": "resnet", "epochs": 20, "batchSize": 32, "learningRate": 0.002, "seed": 42 },
              "autoencoder": { "preset": "resnet-autoencoder", "latent": 300, "epochs": 20, "seed": 42 },
              "clusters": { "k": 27, "seed": 42 }
            }""";
}
