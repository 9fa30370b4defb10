package io.peregrine.cluster;

import static io.peregrine.cluster.RestClient.ok;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.nullValue;

import io.peregrine.events.Topics;
import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.WithKafka;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.Base64;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

/// The REST API of quarantine and audit, which libs/rest adds to every service.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "cluster"))
class QuarantineTest extends WithKafka {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Test
    void recordIsListedShownReplayedAndPurged() throws Exception {
        byte[] large = "x".repeat(70_000).getBytes();
        kafka.publish(new ProducerRecord<>(Topics.SHARDS, "key", large));
        await().atMost(PATIENCE)
                .untilAsserted(() -> ok("/api/v1/quarantine?limit=1&topic=" + Topics.SHARDS)
                        .body("items[0].bytes", equalTo(70_002))
                        .body("items[0].tries", equalTo(0)));
        int id = ok("/api/v1/quarantine?limit=1&topic=" + Topics.SHARDS)
                .extract()
                .path("items[0].id");
        String record = "/api/v1/quarantine/" + id;

        String base64 = ok(record)
                .body("kind", equalTo("NOT_AN_EVENT"))
                .body("key", equalTo("key"))
                .body("truncated", equalTo(true))
                .body("text.length()", equalTo(65_536))
                .extract()
                .path("base64");
        assertThat(Base64.getDecoder().decode(base64)).hasSize(65_536);
        assertThat(given().get(record + "/value")
                        .then()
                        .statusCode(200)
                        .contentType("application/octet-stream")
                        .header("Content-Disposition", containsString("attachment"))
                        .extract()
                        .asByteArray())
                .isEqualTo(large);

        given().post(record + "/replay")
                .then()
                .statusCode(409)
                .contentType("application/problem+json")
                .body("type", equalTo("/api/v1/problems/replay-refused"))
                .body("detail", containsString("rejected again (NOT_AN_EVENT)"));
        ok(record).body("tries", equalTo(1));

        given().delete(record).then().statusCode(204);
        for (String gone : new String[] {record, record + "/value"}) {
            given().get(gone).then().statusCode(404).body("title", equalTo("No such record in quarantine"));
        }
        given().delete(record).then().statusCode(404);
        given().post(record + "/replay").then().statusCode(404);
        given().get("/api/v1/quarantine/nonsense").then().statusCode(404);
        ok("/api/v1/audit?limit=1")
                .body("items[0].action", equalTo("purged"))
                .body("items[0].by", equalTo("REST, address 127.0.0.1"))
                .body("items[0].run", nullValue());
    }

    @Test
    void filterPurgesManyRecordsAndNeverAllByMistake() throws Exception {
        for (int i = 0; i < 3; i++) {
            kafka.publish(new ProducerRecord<>(Topics.CHECKPOINTS, "x", ("no event " + i).getBytes()));
        }
        String ofTopic = "/api/v1/quarantine?topic=" + Topics.CHECKPOINTS;
        await().atMost(PATIENCE).untilAsserted(() -> ok(ofTopic).body("items", hasSize(3)));
        String next =
                ok(ofTopic + "&limit=2").body("items", hasSize(2)).extract().path("nextCursor");
        ok(ofTopic + "&limit=2&cursor=" + next).body("items", hasSize(1)).body("nextCursor", nullValue());

        given().delete("/api/v1/quarantine")
                .then()
                .statusCode(400)
                .body("detail", containsString("The filter is missing"));
        given().delete("/api/v1/quarantine?before=yesterday").then().statusCode(400);
        given().get("/api/v1/quarantine?cursor=x").then().statusCode(400);
        given().delete(ofTopic + "&before=2020-01-01T00:00:00Z")
                .then()
                .statusCode(200)
                .body("records", equalTo(0));
        given().delete(ofTopic + "&kind=NOT_AN_EVENT").then().statusCode(200).body("records", equalTo(3));
        ok(ofTopic).body("items", hasSize(0));
    }
}
