package io.peregrine.cluster;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/// Compares the fields of the OpenAPI document's examples with live responses, so that no example becomes
/// outdated.
final class Examples {
    private static final ObjectMapper JSON = new ObjectMapper();
    /// Objects with data as keys: names of classes, measures, stages.
    private static final Set<String> MAPS = Set.of("measures", "seconds", "spec", "requested", "counts", "headers");

    private final Map<String, String> addresses = new LinkedHashMap<>();

    Examples(String run) {
        String base = "/api/v1/runs/" + run;
        String image = given().get(base + "/images?limit=1").path("items[0].imageId");
        addresses.put("listRuns", "/api/v1/runs?limit=1&state=completed");
        addresses.put("getRun", base);
        addresses.put("listTimeline", base + "/timeline?limit=2");
        addresses.put("listClasses", base + "/classes?limit=1");
        addresses.put("getConfusion", base + "/confusion?limit=2");
        addresses.put("listClusters", base + "/clusters");
        addresses.put("getCluster", base + "/clusters/0");
        addresses.put("listMembers", base + "/clusters/0/members?limit=2");
        addresses.put("listImages", base + "/images?limit=2");
        addresses.put("getImage", base + "/images/" + image);
        addresses.put("listRefused", base + "/refused");
        addresses.put("getProjection", base + "/projection?limit=2");
        addresses.put("listQuarantine", "/api/v1/quarantine?limit=1");
        String quarantined =
                given().get("/api/v1/quarantine?limit=1").path("items[0].id").toString();
        given().post("/api/v1/quarantine/" + quarantined + "/replay");
        addresses.put("getQuarantined", "/api/v1/quarantine/" + quarantined);
        addresses.put("listAudit", "/api/v1/audit?limit=1&run=" + run);
        addresses.put("getProblem", "/api/v1/problems/run-unknown");
    }

    void checkAll() throws IOException {
        for (Map.Entry<String, String> address : addresses.entrySet()) {
            String live = given().get(address.getValue())
                    .then()
                    .statusCode(200)
                    .extract()
                    .asString();
            String file = "/openapi-examples/" + address.getKey() + ".json";
            try (InputStream example = Examples.class.getResourceAsStream(file)) {
                assertThat(example)
                        .as("an example of %s; the live response is %s", address.getKey(), live)
                        .isNotNull();
                assertThat(fields(JSON.readTree(example)))
                        .as("fields of the example %s; the live response is %s", file, live)
                        .isEqualTo(fields(JSON.readTree(live)));
            }
        }
    }

    private static SortedSet<String> fields(JsonNode json) {
        SortedSet<String> fields = new TreeSet<>();
        collect("", json, fields);
        return fields;
    }

    private static void collect(String path, JsonNode json, SortedSet<String> fields) {
        if (json.isArray()) {
            json.forEach(item -> collect(path + "[]", item, fields));
        }
        for (Map.Entry<String, JsonNode> field : json.properties()) {
            fields.add(path + "/" + field.getKey());
            if (!MAPS.contains(field.getKey())) {
                collect(path + "/" + field.getKey(), field.getValue(), fields);
            }
        }
    }
}
