package io.peregrine.cluster;

import static io.peregrine.cluster.RestClient.ok;
import static io.peregrine.cluster.RestClient.problem;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.notNullValue;

import io.peregrine.events.Topics;
import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.WithKafka;
import io.peregrine.work.jobs.Database;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "cluster"))
class HostileInputTest extends WithKafka {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Inject
    Database database;

    @Test
    void zeroCharactersAreReplacedBecausePostgresqlCannotStoreThem() throws Exception {
        String body = "{\"dataset\":\"odd\\u0000name\",\"uri\":\"file:///a\\u0000b\\\\u0000\"}";
        kafka.publish(new ProducerRecord<>(Topics.DATASETS, null, body.getBytes()));
        await().atMost(PATIENCE)
                .untilAsserted(() -> ok("/api/v1/runs?limit=1000")
                        .body("items.dataset", org.hamcrest.Matchers.hasItem("odd\ufffdname")));
        String run = ok("/api/v1/runs?limit=1000").extract().path("items.find { it.dataset.startsWith('odd') }.run");
        ok("/api/v1/runs/" + run).body("requested.uri", equalTo("file:///a\ufffdb\\u0000"));
    }

    @Test
    void invalidEventsAreQuarantined() throws Exception {
        kafka.publish(new ProducerRecord<>(Topics.IMAGES, "x", "no event at all".getBytes()));
        await().atMost(PATIENCE)
                .untilAsserted(() -> ok("/api/v1/quarantine?limit=1")
                        .body("items[0].kind", equalTo("NOT_AN_EVENT"))
                        .body("items[0].topic", equalTo(Topics.IMAGES))
                        .body("items[0].bytes", equalTo("no event at all[]".length())));
    }

    @Test
    void databaseErrorIsAnsweredWithRetryAfter() {
        refuse("revoke all on all tables in schema cluster from cluster");
        try {
            given().get("/api/v1/runs")
                    .then()
                    .statusCode(503)
                    .contentType("application/problem+json")
                    .header("Retry-After", notNullValue());
        } finally {
            refuse("grant all on all tables in schema cluster to cluster");
        }
        ok("/api/v1/runs");
    }

    private void refuse(String statement) {
        database.jdbi().useHandle(sql -> sql.execute(statement));
    }

    @Test
    void badRequestIsAnsweredWithARemedy() {
        problem(400, "Bad limit", "/api/v1/runs?limit=0");
        problem(400, "Bad limit", "/api/v1/runs?limit=1001");
        problem(400, "Bad limit", "/api/v1/runs?limit=many");
        problem(400, "Bad cursor", "/api/v1/runs?cursor=***");
        problem(400, "Bad cursor", "/api/v1/runs?cursor=bm8gdGltZQ");
        problem(400, "Bad filter", "/api/v1/runs?state=lost");
        problem(400, "Bad value", "/api/v1/runs?dataset=%00");
        problem(400, "Bad value", "/api/v1/runs/%00");
        problem(404, "No such run", "/api/v1/runs/0123456789abcdef0123456789abcdef");
        problem(404, "No such run", "/api/v1/runs/0123456789abcdef0123456789abcdef/timeline");
        problem(404, "No such run", "/api/v1/runs/nonsense/clusters/0/members");
        problem(404, "Not Found", "/api/v1/paintings");
        given().post("/api/v1/runs/{run}/cancel", "nonsense")
                .then()
                .statusCode(404)
                .contentType("application/problem+json");
        given().contentType("application/json")
                .body("{")
                .post("/api/v1/runs/{run}/cancel", "nonsense")
                .then()
                .statusCode(400)
                .contentType("application/problem+json");
        given().contentType("application/json")
                .body("{\"reason\":\"%s\"}".formatted("x".repeat(60_000)))
                .post("/api/v1/runs/{run}/cancel", "nonsense")
                .then()
                .statusCode(422)
                .contentType("application/problem+json")
                .body("detail", containsString("The reason has 60,000 characters."));
        given().delete("/api/v1/runs").then().statusCode(405).contentType("application/problem+json");
    }

    @Test
    void noCallerMakesSeriesOfMetrics() {
        hostileRequests(0);
        long before = httpSeries();
        hostileRequests(1);
        assertThat(httpSeries()).isEqualTo(before);
    }

    private static void hostileRequests(int round) {
        for (int i = 0; i < 20; i++) {
            String word = "r%dx%d".formatted(round, i);
            given().request("M" + word, "/api/v1/runs");
            given().get("/api/v1/" + word + "/" + word);
            given().put("/api/v1/runs/" + word);
            given().get("/api/v1/runs/" + word + "/charts/" + word + ".svg");
            given().get("/" + word);
        }
    }

    private static long httpSeries() {
        return given().get("/q/metrics")
                .then()
                .extract()
                .asString()
                .lines()
                .filter(line -> line.startsWith("http_server_requests_seconds_count"))
                .count();
    }
}
