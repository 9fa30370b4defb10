package io.peregrine.cluster;

import static io.peregrine.cluster.RestClient.ok;
import static io.peregrine.cluster.RestClient.problem;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.nullValue;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureKind;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.RunCancelled;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.PipelineEvent.StageQueued;
import io.peregrine.events.Stage;
import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.WithKafka;
import io.peregrine.work.jobs.Database;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// Runs that are cancelled, failed or deleted: how later events are handled, and which data remains.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "cluster"))
class RunEndsTest extends WithKafka {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Inject
    ArtifactStore store;

    @Inject
    Database database;

    @Test
    void runIsCancelledOnceAndPublishesNothingMore() throws Exception {
        SyntheticRun played = new SyntheticRun(store, "cancelled");
        String run = played.run.id();
        List<CloudEvent> early = played.events.stream()
                .filter(e -> !(e.data() instanceof CheckpointPublished))
                .toList();
        kafka.publish(early);
        await().atMost(PATIENCE).until(() -> given().get("/api/v1/runs/" + run).statusCode() == 200);
        // The run shows what it waits for, as long as it waits.
        String other = "cd".repeat(16);
        kafka.publish(
                new StageQueued(played.run, Stage.TRAIN, 2, List.of(other), 12.5, null), "trainer-service", "train/1");
        await().atMost(PATIENCE)
                .untilAsserted(() -> ok("/api/v1/runs/" + run)
                        .body("waiting.stage", equalTo("train"))
                        .body("waiting.position", equalTo(2))
                        .body("waiting.resource", nullValue())
                        .body("waiting.behind", equalTo(List.of(other))));
        ok("/api/v1/runs").body("items.find { it.run == '%s' }.waiting.position".formatted(run), equalTo(2));
        assertThat(count("select count(*) from timeline where run = :run and type like '%queued%'", run))
                .isZero();
        String full = "STORE_FULL: The disk of /store is full: 8 bytes are needed, 0 are free.";
        kafka.publish(new StageQueued(played.run, Stage.TRAIN, 0, List.of(), 13, full), "trainer-service", "train/2");
        await().atMost(PATIENCE)
                .untilAsserted(() -> ok("/api/v1/runs/" + run)
                        .body("waiting.position", equalTo(0))
                        .body("waiting.resource", equalTo(full)));
        kafka.publish(
                new StageProgressed(played.run, Stage.TRAIN, "classifier", 1, 9, "batches", Map.of()),
                "trainer-service",
                "at last");
        await().atMost(PATIENCE).untilAsserted(() -> ok("/api/v1/runs/" + run).body("waiting", equalTo(null)));

        given().contentType("application/json")
                .body("{\"reason\":\"wrong folder\"}")
                .post("/api/v1/runs/{run}/cancel", run)
                .then()
                .statusCode(202)
                .header("Location", containsString("/api/v1/runs/" + run))
                .body("state", equalTo("cancelled"));
        given().post("/api/v1/runs/{run}/cancel", run).then().statusCode(409);
        await().atMost(PATIENCE).until(() -> kafka.of(run, RunCancelled.class).size() == 1);
        // Late events are recorded in the timeline and have no effect.
        kafka.publish(played.events);
        ReceivedEvents.awaitHandled(run, kafka, database);

        assertThat(ReceivedEvents.publishedTypes(run, database))
                .contains("io.peregrine.run.cancelled.v1")
                .doesNotContain("io.peregrine.clusters.computed.v1", "io.peregrine.run.completed.v1");
        ok("/api/v1/runs/" + run).body("state", equalTo("cancelled")).body("cancelled", equalTo("wrong folder"));
        ok("/api/v1/runs/" + run + "/timeline?limit=1000")
                .body("items.find { it.type.contains('run.cancelled') }.by", equalTo("REST, address 127.0.0.1"))
                .body("items.find { it.type.contains('dataset.sealed') }.by", nullValue());
        ok("/api/v1/audit?run=" + run)
                .body("items.action", containsInAnyOrder("cancelled", "published"))
                .body("items.detail", containsInAnyOrder("wrong folder", "dataset colours"));
        problem(404, "No clusters yet", "/api/v1/runs/" + run + "/clusters");
        problem(404, "No clusters yet", "/api/v1/runs/" + run + "/charts/clusters.png");
    }

    @Test
    void runningRunIsNotDeletedAndADeletedRunLeavesNoRows() throws Exception {
        SyntheticRun played = new SyntheticRun(store, "deleted");
        String run = played.run.id();
        given().delete("/api/v1/runs/{run}", run)
                .then()
                .statusCode(404)
                .contentType("application/problem+json")
                .body("title", equalTo("No such run"));
        kafka.publish(played.events.subList(0, 5));
        await().atMost(PATIENCE).until(() -> given().get("/api/v1/runs/" + run).statusCode() == 200);
        given().delete("/api/v1/runs/{run}", run)
                .then()
                .statusCode(409)
                .contentType("application/problem+json")
                .body("title", equalTo("The run is still running"))
                .body("detail", containsString("Cancel it with POST"));
        kafka.publish(played.events);
        await().atMost(PATIENCE).until(() -> !kafka.of(run, RunCompleted.class).isEmpty());
        assertThat(rowsOf(run)).containsKeys("run", "timeline", "image", "latent", "point", "needed", "job");

        given().delete("/api/v1/runs/{run}", run).then().statusCode(204).body(equalTo(""));

        given().delete("/api/v1/runs/{run}", run).then().statusCode(404);
        await().atMost(PATIENCE).until(() -> kafka.of(run, RunDeleted.class).size() == 1);
        problem(404, "No such run", "/api/v1/runs/" + run);
        // All events again; the inbox no longer knows them.
        database.jdbi().useHandle(sql -> sql.execute("delete from inbox"));
        kafka.publish(played.events);
        String last = played.events.getLast().id();
        await().atMost(PATIENCE).until(() -> count("select count(*) from inbox where id = :run", last) == 1);
        // The audit has two rows: who published the run, and who deleted it.
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(rowsOf(run)).isEqualTo(Map.of("ended_run", 1L, "audit", 2L)));
        problem(404, "No such run", "/api/v1/runs/" + run);
        ok("/api/v1/audit?run=" + run)
                .body("items.action", equalTo(List.of("deleted", "published")))
                .body("items[0].by", equalTo("REST, address 127.0.0.1"))
                .body("items[0].detail", equalTo("dataset colours"));
    }

    @Test
    void deletionReceivedBeforeAllOtherEventsTakesEffect() throws Exception {
        SyntheticRun played = new SyntheticRun(store, "deleted first");
        String run = played.run.id();
        kafka.publish(List.of(ended(played, new RunDeleted(played.run), 1)));
        await().atMost(PATIENCE).until(() -> count("select count(*) from ended_run where run = :run", run) == 1);
        kafka.publish(played.events);
        String last = played.events.getLast().id();
        await().atMost(PATIENCE).until(() -> count("select count(*) from inbox where id = :run", last) == 1);

        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(rowsOf(run)).isEqualTo(Map.of("ended_run", 1L, "audit", 1L)));
        ok("/api/v1/audit?run=" + run).body("items.action", equalTo(List.of("deleted")));
    }

    /// @return number of rows of the run in each table of this service that has any; also finds tables that a
    ///     deletion forgets
    private Map<String, Long> rowsOf(String run) {
        Map<String, Long> rows = new TreeMap<>();
        List<String> tables = database.jdbi()
                .withHandle(sql -> sql.createQuery("""
                select table_name from information_schema.columns
                where table_schema = current_schema() and (column_name = 'run' or (table_name, column_name) = ('run', 'id'))
                """).mapTo(String.class).list());
        for (String table : tables) {
            String column = table.equals("run") ? "id" : "run";
            // The outbox still contains the event of the deletion.
            String which = table.equals("outbox") ? " and not terminal" : "";
            long n = count("select count(*) from %s where %s = :run%s".formatted(table, column, which), run);
            if (n > 0) {
                rows.put(table, n);
            }
        }
        return rows;
    }

    @Test
    void failedRunHasAReasonAndTheFirstEndIsKept() throws Exception {
        SyntheticRun played = new SyntheticRun(store, "failed");
        String run = played.run.id();
        RunFailed failed = new RunFailed(
                played.run, Stage.TRAIN, FailureKind.INPUT, "LOSS_DIVERGED", "use a lower learningRate", List.of());
        kafka.publish(List.of(ended(played, new RunCancelled(played.run, "late"), 2), ended(played, failed, 1)));
        kafka.publish(played.events);
        await().atMost(PATIENCE).until(() -> given().get("/api/v1/runs/" + run).statusCode() == 200);

        ok("/api/v1/runs/" + run).body("state", equalTo("cancelled"));
        SyntheticRun other = new SyntheticRun(store, "failed too");
        kafka.publish(List.of(ended(
                other,
                new RunFailed(
                        other.run, Stage.TRAIN, FailureKind.INPUT, "LOSS_DIVERGED", "use a lower rate", List.of()),
                1)));
        await().atMost(PATIENCE)
                .untilAsserted(() -> ok("/api/v1/runs/" + other.run.id())
                        .body("state", equalTo("failed"))
                        .body("failure.reason", equalTo("LOSS_DIVERGED"))
                        .body("failure.stage", equalTo("train")));
        problem(404, "No history yet", "/api/v1/runs/" + other.run.id() + "/charts/history.svg");
        problem(404, "No test result", "/api/v1/runs/" + other.run.id() + "/charts/confusion.png");
    }

    private static CloudEvent ended(SyntheticRun played, io.peregrine.events.PipelineEvent event, int second) {
        String run = played.run.id();
        return new CloudEvent(
                EventCodec.eventId(run, event.type(), "end"),
                "/peregrine/test",
                event.type(),
                Instant.parse("2026-11-24T13:30:00Z").plusSeconds(second),
                run,
                run,
                null,
                event);
    }

    private long count(String query, String run) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery(query)
                        .bind("run", run)
                        .mapTo(Long.class)
                        .one());
    }
}
