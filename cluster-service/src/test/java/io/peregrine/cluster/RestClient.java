package io.peregrine.cluster;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.notNullValue;

import io.restassured.path.json.JsonPath;
import io.restassured.response.ValidatableResponse;
import java.util.ArrayList;
import java.util.List;

/// Sends requests to the service as a user would.
final class RestClient {
    private RestClient() {}

    static ValidatableResponse ok(String path) {
        return given().get(path).then().statusCode(200);
    }

    static void problem(int status, String title, String path) {
        String type = given().urlEncodingEnabled(false)
                .get(path)
                .then()
                .statusCode(status)
                .contentType("application/problem+json")
                .body("title", equalTo(title))
                .body("status", equalTo(status))
                .body("detail", notNullValue())
                .extract()
                .path("type");
        if (type.startsWith("/")) {
            ok(type).body("title", equalTo(title));
        }
    }

    /// Follows `Link: rel="next"` to the last page.
    static List<JsonPath> pages(String first) {
        List<JsonPath> pages = new ArrayList<>();
        String next = first;
        while (next != null) {
            var response = given().urlEncodingEnabled(false)
                    .get(next)
                    .then()
                    .statusCode(200)
                    .extract();
            pages.add(response.jsonPath());
            String link = response.header("Link");
            assertThat(link == null).isEqualTo(response.path("nextCursor") == null);
            next = link == null ? null : link.substring(1, link.indexOf('>'));
        }
        return pages;
    }
}
