package io.peregrine.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Checks a service's error responses by a table of requests and expected problem types.
public final class Problems {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final URI service;
    private final HttpClient http = HttpClient.newHttpClient();

    /// @param service such as `http://localhost:8084`
    public Problems(String service) {
        this.service = URI.create(service);
    }

    /// Sends the request of every line `METHOD address [Header:value …] [<body] => status kind`; blank lines are
    /// ignored.
    ///
    /// Values of headers and bodies must not contain spaces.
    public void check(String table) throws IOException, InterruptedException {
        List<String> wrong = new ArrayList<>();
        for (String line :
                table.lines().map(String::strip).filter(l -> !l.isEmpty()).toList()) {
            String[] sides = line.split(" => ");
            String[] expected = sides[1].split(" ");
            String found = request(sides[0].split(" +"), expected[1]);
            String wanted = "%s application/problem+json /api/v1/problems/%s".formatted(expected[0], expected[1]);
            if (!found.equals(wanted)) {
                wrong.add("%s%n  answered %s".formatted(line, found));
            }
        }
        assertThat(wrong).as("problems that differ from the table").isEmpty();
    }

    private String request(String[] words, String kind) throws IOException, InterruptedException {
        String body =
                Arrays.stream(words).filter(w -> w.startsWith("<")).findFirst().orElse("<");
        HttpRequest.Builder request = HttpRequest.newBuilder(service.resolve(words[1]))
                .method(words[0], HttpRequest.BodyPublishers.ofString(body.substring(1)));
        for (int i = 2; i < words.length; i++) {
            if (!words[i].startsWith("<")) {
                int colon = words[i].indexOf(':');
                request.header(words[i].substring(0, colon), words[i].substring(colon + 1));
            }
        }
        HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        String type =
                answer.headers().firstValue("Content-Type").orElse("nothing").replaceAll(";.*", "");
        if (!type.endsWith("json")) {
            return "%d %s %s".formatted(answer.statusCode(), type, answer.body());
        }
        JsonNode problem = JSON.readTree(answer.body());
        boolean whole = problem.path("status").intValue() == answer.statusCode()
                && problem.path("detail").asText().length() > 10
                && problem.path("instance").asText().equals(URI.create(words[1]).getPath())
                && isListed(kind, problem.path("title").asText());
        return "%d %s %s%s"
                .formatted(answer.statusCode(), type, problem.path("type").asText(), whole ? "" : " " + answer.body());
    }

    /// The address of a problem type returns its page, which has the same title.
    private boolean isListed(String kind, String title) throws IOException, InterruptedException {
        HttpRequest page = HttpRequest.newBuilder(service.resolve("/api/v1/problems/" + kind))
                .build();
        HttpResponse<String> answer = http.send(page, HttpResponse.BodyHandlers.ofString());
        return answer.statusCode() == 200
                && JSON.readTree(answer.body()).path("title").asText().equals(title);
    }
}
