package io.peregrine.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// Calls each operation of a service's committed OpenAPI document, without a key and with the key of each role.
public final class GuardedApi {
    private static final List<String> ROLES = List.of("read", "run", "maintain");
    private static final Set<String> METHODS = Set.of("get", "head", "post", "put", "patch", "delete");
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final URI service;
    private final Map<String, String> headers;
    private final HttpClient http = HttpClient.newHttpClient();

    /// @param service such as `http://localhost:8084`
    /// @param headers headers sent with every request
    public GuardedApi(String service, Map<String, String> headers) {
        this.service = URI.create(service);
        this.headers = headers;
    }

    /// Checks that each operation answers 401 without a key and 403 to a lower role than the documented one, and
    /// that it allows the other roles.
    ///
    /// @param document such as `cluster-service`
    /// @return number of operations checked
    public int check(String document) throws IOException, InterruptedException {
        JsonNode api = new ObjectMapper(new YAMLFactory())
                .readTree(ProjectRoot.path()
                        .resolve("docs/openapi/" + document + ".yaml")
                        .toFile());
        List<String> wrong = new ArrayList<>();
        int operations = 0;
        for (Map.Entry<String, JsonNode> path : api.get("paths").properties()) {
            for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
                if (METHODS.contains(operation.getKey())) {
                    operations++;
                    String method = operation.getKey().toUpperCase(Locale.ROOT);
                    String role = operation.getValue().at("/security/0/key/0").asText();
                    assertThat(ROLES).as("role of %s %s", method, path.getKey()).contains(role);
                    check(method, path.getKey(), role, wrong);
                }
            }
        }
        assertThat(wrong)
                .as("operations of " + document + " with wrong access control")
                .isEmpty();
        return operations;
    }

    private void check(String method, String path, String role, List<String> wrong)
            throws IOException, InterruptedException {
        expect(method, path, null, Set.of(401), wrong);
        expect(method, path, "not-a-key-of-this-service", Set.of(401), wrong);
        for (String held : ROLES) {
            String key = LocalPlatform.key(held);
            if (ROLES.indexOf(held) < ROLES.indexOf(role)) {
                expect(method, path, key, Set.of(403), wrong);
            } else if (method.equals("GET") || path.contains("{")) {
                // The ids in the paths do not exist, so an allowed request changes nothing.
                int status = request(method, path, key);
                if (status == 401 || status == 403) {
                    wrong.add("%s %s with the role %s answered with status %d".formatted(method, path, held, status));
                }
            }
        }
    }

    private void expect(String method, String path, String key, Set<Integer> expected, List<String> wrong)
            throws IOException, InterruptedException {
        int status = request(method, path, key);
        if (!expected.contains(status)) {
            wrong.add("%s %s with the key %s answered with status %d, expected %s"
                    .formatted(method, path, key, status, expected));
        }
    }

    private int request(String method, String path, String key) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        service.resolve(path.replaceAll("\\{format}", "svg").replaceAll("\\{[^}]*}", "0".repeat(32))))
                .timeout(PATIENCE)
                .method(method, HttpRequest.BodyPublishers.noBody());
        headers.forEach(request::header);
        if (key != null) {
            request.header("Authorization", "Bearer " + key);
        }
        HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() == 401 || answer.statusCode() == 403) {
            assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
            assertThat(answer.body()).contains("\"status\":" + answer.statusCode());
        }
        return answer.statusCode();
    }
}
