package io.peregrine.endtoend.monitoring;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;

/// Queries a Prometheus, as Grafana does.
final class PrometheusApi {
    private final String address;
    private final HttpClient http = HttpClient.newHttpClient();

    PrometheusApi(String address) {
        this.address = address;
    }

    /// @return number of samples that a query returns over a time range, for all series, without NaN
    /// @throws AssertionError with Prometheus's error message if the query is invalid
    long numbers(String query, Instant from, Instant to) {
        JsonNode answer = get("/api/v1/query_range?step=1&start=%d&end=%d&query=%s"
                .formatted(from.getEpochSecond(), to.getEpochSecond(), URLEncoder.encode(query, UTF_8)));
        long numbers = 0;
        for (JsonNode series : answer.get("result")) {
            for (JsonNode sample : series.get("values")) {
                numbers += sample.get(1).textValue().equals("NaN") ? 0 : 1;
            }
        }
        return numbers;
    }

    /// @return the names of all series that have the labels
    Set<String> metrics(String matchers) {
        Set<String> names = new TreeSet<>();
        get("/api/v1/label/__name__/values?match[]=".replace("[]", "%5B%5D")
                        + URLEncoder.encode("{" + matchers + "}", UTF_8))
                .forEach(name -> names.add(name.textValue()));
        return names;
    }

    /// @return the `data` of an answer
    JsonNode get(String path) {
        try {
            HttpResponse<String> answer = http.send(
                    HttpRequest.newBuilder(URI.create(address + path)).build(), HttpResponse.BodyHandlers.ofString());
            JsonNode body = new ObjectMapper().readTree(answer.body());
            if (!body.path("status").asText().equals("success")) {
                throw new AssertionError(path + ": " + answer.body());
            }
            return body.get("data");
        } catch (IOException e) {
            throw new AssertionError(path, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(path, e);
        }
    }
}
