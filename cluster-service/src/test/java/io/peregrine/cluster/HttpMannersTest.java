package io.peregrine.cluster;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.peregrine.testkit.LocalPlatform;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What HTTP clients and proxies rely on in every answer (RFC 9110), sent byte by byte where a client library
/// would not send it.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "cluster"))
class HttpMannersTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TestHTTPResource
    URI service;

    @TestHTTPResource(management = true)
    URI management;

    private record Answer(int status, Map<String, String> headers, byte[] body) {
        String header(String name) {
            return headers.get(name);
        }

        JsonNode problem() throws IOException {
            assertThat(header("Content-Type")).as("%s", headers).startsWith("application/problem+json");
            JsonNode problem = JSON.readTree(body);
            assertThat(problem.path("status").intValue()).isEqualTo(status);
            assertThat(problem.path("title").asText()).isNotBlank();
            assertThat(header("X-Content-Type-Options")).isEqualTo("nosniff");
            return problem;
        }
    }

    /// `\r` and `\n` stand for the characters, `{n}` for n characters x, `HOST` for the header `Host`.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET /api/v1/{5000} HTTP/1.1\\r\\nHOST\\r\\n | 414 | url-too-long",
                "GET /api/v1/{100000} HTTP/1.1\\r\\nHOST\\r\\n | 414 | url-too-long",
                "GET /api/v1/runs HTTP/1.1\\r\\nHOST\\r\\nX-Large: {30000}\\r\\n | 431 | headers-too-large",
                "GET /api/v1/runs HTTP/1.1\\r\\nX-Large: {60000}\\r\\nHOST\\r\\n | 431 | headers-too-large",
                "POST /api/v1/runs/x/cancel HTTP/1.1\\r\\nHOST\\r\\nCookie: {30000}\\r\\n | 431 | headers-too-large",
                "GET /api/v1/runs HTTP/1.1\\r\\nHOST\\r\\nno colon\\r\\n | 400 | bad-request",
                "GARBAGE\\r\\n | 400 | bad-request",
                "GET /api/v1/runs?dataset=a<b HTTP/1.1\\r\\nHOST\\r\\n | 400 | bad-request",
                "GET /api/v1/runs?dataset=%zz HTTP/1.1\\r\\nHOST\\r\\n | 400 | bad-request",
                "GET /api/v1/runs/%zz HTTP/1.1\\r\\nHOST\\r\\n | 400 | bad-request",
                "POST /api/v1/runs/x/cancel HTTP/1.1\\r\\nHOST\\r\\nContent-Length: ten\\r\\n | 400 | bad-request",
                "POST /api/v1/runs/x/cancel HTTP/1.1\\r\\nHOST\\r\\nContent-Type: application/json\\r\\nContent-Length: 70000\\r\\n | 413 | too-large",
                "GET /api/v1/runs HTTP/1.1\\r\\n | 400 | bad-host"
            },
            quoteCharacter = '`')
    void whatIsNoRequestIsAnsweredWithAProblem(String request, int status, String kind) throws IOException {
        Answer answer = ask(service, request.replace("HOST", "Host: localhost"));

        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.problem().path("type").asText()).isEqualTo("/api/v1/problems/" + kind);
        given().get("/api/v1/problems/" + kind).then().statusCode(200).body("status", equalTo(status));
    }

    @Test
    void aBodyOfUnknownLengthThatIsTooLargeIsAnsweredWithAProblem() throws IOException {
        String chunk = "%x\r\n%s\r\n".formatted(70_000, "x".repeat(70_000));
        Answer answer = ask(
                service,
                "POST /api/v1/runs/x/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n" + chunk + "0\r\n");

        assertThat(answer.status()).isEqualTo(413);
        assertThat(answer.problem().path("type").asText()).isEqualTo("/api/v1/problems/too-large");
    }

    @Test
    void theSecondRequestOfAConnectionIsCheckedAsWell() throws IOException {
        String first = "GET /api/v1/runs?limit=0 HTTP/1.1\r\nHost: localhost\r\n\r\n";
        String second = "GET /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nX-Large: %s\r\n".formatted("x".repeat(30_000));
        String answers = new String(send(service, first + second), StandardCharsets.ISO_8859_1);

        assertThat(answers).contains("HTTP/1.1 400", "bad-limit", " 431 ", "headers-too-large");
    }

    @Test
    void theManagementPortAnswersWithProblemsToo() throws IOException {
        Answer unknown = ask(management, "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n");
        assertThat(unknown.status()).isEqualTo(404);
        assertThat(unknown.problem().path("type").asText()).isEqualTo("/api/v1/problems/address-unknown");

        Answer large =
                ask(management, "GET /q/metrics HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(30_000) + "\r\n");
        assertThat(large.status()).isEqualTo(431);
        large.problem();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PUT /api/v1/runs | 405 | GET, HEAD, OPTIONS",
                "POST /api/v1/runs/x/clusters | 405 | GET, HEAD, OPTIONS",
                "PATCH /api/v1/runs/x | 405 | DELETE, GET, HEAD, OPTIONS",
                "DELETE /api/v1/runs/x/charts/history.svg | 405 | GET, HEAD, OPTIONS",
                "GET /api/v1/artifacts/prune | 405 | OPTIONS, POST",
                "HEAD /api/v1/artifacts/prune | 405 | OPTIONS, POST",
                "BREW /api/v1/audit | 405 | GET, HEAD, OPTIONS"
            })
    void anotherMethodIsAnsweredWithTheAllowedOnes(String request, int status, String allowed) throws IOException {
        Answer answer = ask(service, request + " HTTP/1.1\r\nHost: localhost\r\n");

        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.header("Allow")).isEqualTo(allowed);
        if (!request.startsWith("HEAD")) {
            assertThat(answer.problem().path("type").asText()).isEqualTo("/api/v1/problems/method-not-allowed");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/api/v1/runs?stat=failed | did you mean 'state'? Allowed: cursor, dataset, limit, state.",
                "/api/v1/runs?limit=5&Cursor=x | did you mean 'cursor'?",
                "/api/v1/runs?_=1764428400 | Allowed: cursor, dataset, limit, state.",
                "/api/v1/runs/x?fields=run | which has none",
                "/api/v1/runs/x/charts/clusters.svg?group=class | of this operation. Allowed: by",
                "/api/v1/audit?runs=x | did you mean 'run'? Allowed: cursor, limit, run.",
                "/api/v1/problems?limit=1 | which has none"
            })
    void anUnknownParameterIsRejectedWithASimilarOne(String path, String detail) {
        given().get(path)
                .then()
                .statusCode(400)
                .contentType("application/problem+json")
                .body("type", equalTo("/api/v1/problems/parameter-unknown"))
                .body("detail", containsString(detail));
    }

    @Test
    void jsonIsCompressedForClientsThatAcceptIt() throws IOException {
        Answer plain = ask(service, "GET /api/v1/problems HTTP/1.1\r\nHost: localhost\r\n");
        Answer compressed =
                ask(service, "GET /api/v1/problems HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n");
        Answer refused =
                ask(service, "GET /api/v1/problems HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip;q=0\r\n");

        assertThat(plain.header("Content-Encoding")).isNull();
        assertThat(refused.header("Content-Encoding")).isNull();
        assertThat(compressed.header("Content-Encoding")).isEqualTo("gzip");
        for (Answer answer : new Answer[] {plain, compressed, refused}) {
            assertThat(answer.header("Vary")).isEqualToIgnoringCase("accept-encoding");
        }
        assertThat(compressed.body().length).isLessThan(plain.body().length / 2);
        try (GZIPInputStream content = new GZIPInputStream(new ByteArrayInputStream(compressed.body()))) {
            assertThat(content.readAllBytes()).isEqualTo(plain.body());
        }
    }

    @Test
    void aHeadRequestHasTheHeadersOfGet() throws IOException {
        Answer head = ask(service, "HEAD /api/v1/runs?limit=1 HTTP/1.1\r\nHost: localhost\r\n");

        assertThat(head.status()).isEqualTo(200);
        assertThat(head.header("Content-Type")).startsWith("application/json");
        assertThat(head.body()).isEmpty();
    }

    /// @param head request line and headers, each with its line end
    private static Answer ask(URI server, String head) throws IOException {
        String text = head.replace("\\r", "\r").replace("\\n", "\n");
        int open = text.indexOf('{');
        if (open >= 0) {
            int close = text.indexOf('}');
            int count = Integer.parseInt(text.substring(open + 1, close));
            text = text.substring(0, open) + "x".repeat(count) + text.substring(close + 1);
        }
        return parse(send(server, text));
    }

    private static byte[] send(URI server, String text) throws IOException {
        String end = text.contains("chunked") ? "\r\n" : "Connection: close\r\n\r\n";
        try (Socket socket = new Socket(server.getHost(), server.getPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write((text + end).getBytes(StandardCharsets.ISO_8859_1));
            return socket.getInputStream().readAllBytes();
        }
    }

    private static Answer parse(byte[] bytes) throws IOException {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int end = text.indexOf("\r\n\r\n");
        assertThat(end).as(text).isPositive();
        String[] lines = text.substring(0, end).split("\r\n");
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        Arrays.stream(lines).skip(1).forEach(line -> {
            int colon = line.indexOf(':');
            headers.merge(
                    line.substring(0, colon), line.substring(colon + 1).strip(), (one, other) -> one + ", " + other);
        });
        byte[] body = Arrays.copyOfRange(bytes, end + 4, bytes.length);
        boolean chunked = "chunked".equalsIgnoreCase(headers.get("Transfer-Encoding"));
        return new Answer(Integer.parseInt(lines[0].split(" ")[1]), headers, chunked ? joined(body) : body);
    }

    private static byte[] joined(byte[] chunks) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        String text = new String(chunks, StandardCharsets.ISO_8859_1);
        int at = 0;
        while (at < text.length()) {
            int line = text.indexOf("\r\n", at);
            int length = Integer.parseInt(text.substring(at, line), 16);
            body.write(chunks, line + 2, length);
            at = line + 2 + length + 2;
        }
        return body.toByteArray();
    }
}
