package io.peregrine.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.testkit.LocalPlatform;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The requests that a web page in a browser on this machine can send to a service on loopback. Requests for
/// other host names, and changing requests from other sites, are rejected.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "cluster"))
class RequestGuardTest {
    private static final List<String> HEADERS = List.of(
            "x-content-type-options: nosniff",
            "content-security-policy: default-src 'none'; frame-ancestors 'none'",
            "referrer-policy: no-referrer",
            "cross-origin-resource-policy: same-origin",
            "x-frame-options: deny");

    @TestHTTPResource
    URI service;

    @TestHTTPResource(management = true)
    URI management;

    /// `METHOD target | header | header … => status`; `PORT` is replaced by the service's port.
    @Test
    void requestForAnotherHostOrFromAnotherSiteIsRejected() throws IOException {
        check(service, """
            GET /api/v1/runs | Host: localhost:PORT => 200
            GET /api/v1/runs | Host: LOCALHOST.:PORT => 200
            GET /api/v1/runs | Host: 127.0.0.1:1 => 200
            GET /api/v1/runs | Host: [::1] => 200
            GET http://localhost:PORT/api/v1/runs | Host: localhost:PORT => 200
            GET /api/v1/runs | Host: evil.example:PORT => 421
            GET /api/v1/runs | Host: localhost.evil.example => 421
            GET /api/v1/runs | Host: 10.0.0.7:PORT => 421
            GET /nowhere | Host: evil.example => 421
            GET /q/openapi | Host: evil.example => 421
            GET /q/metrics | Host: evil.example => 421
            GET /q/health/live | Host: evil.example => 421
            OPTIONS /api/v1/runs | Host: evil.example => 421
            DELETE /api/v1/runs/x | Host: evil.example | Origin: http://evil.example => 421
            GET http://evil.example/api/v1/runs | Host: localhost:PORT => 421
            GET http://127.0.0.1:PORT/api/v1/runs | Host: localhost:PORT => 400
            GET /api/v1/runs | Host: localhost | Host: localhost => 400
            GET /api/v1/runs | Host: localhost | Host: evil.example => 400
            GET /api/v1/runs | Host: me@localhost => 400
            GET /api/v1/runs | Host: localhost, evil.example => 400
            GET /api/v1/runs | Host: => 400
            GET /api/v1/runs => 400
            POST /api/v1/runs/x/cancel | Host: localhost:PORT => 404
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Origin: http://localhost:PORT => 404
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Sec-Fetch-Site: same-origin => 404
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Sec-Fetch-Site: none => 404
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Origin: https://evil.example => 403
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Origin: http://localhost:3000 => 403
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Origin: http://127.0.0.1:PORT => 403
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Origin: null => 403
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Origin: http://localhost:PORT | Origin: https://evil.example => 403
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Sec-Fetch-Site: cross-site => 403
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Sec-Fetch-Site: same-site => 403
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Referer: https://evil.example/page => 403
            DELETE /api/v1/runs/x | Host: localhost:PORT | Origin: https://evil.example => 403
            PUT /nowhere | Host: localhost:PORT | Origin: https://evil.example => 403
            POST /api/v1/artifacts/prune | Host: localhost:PORT | Origin: https://evil.example => 403
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Content-Length: 2 | Content-Type: application/json => 404
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Content-Length: 2 | Content-Type: Application/JSON; charset=utf-8 => 404
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Content-Length: 2 | Content-Type: application/cloudevents+json => 404
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Content-Length: 2 | Content-Type: text/plain => 415
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Content-Length: 2 | Content-Type: application/x-www-form-urlencoded => 415
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Content-Length: 2 | Content-Type: text/plain; application/json => 415
            POST /api/v1/runs/x/cancel | Host: localhost:PORT | Content-Length: 2 => 415
            GET /api/v1/runs | Host: localhost:PORT | Origin: https://evil.example => 200
            GET /q/metrics | Host: localhost:PORT => 200
            GET /q/health/ready | Host: localhost:PORT => 200
            GET /q/openapi | Host: localhost:PORT => 200
            GET /q/metrics | Host: localhost:PORT | Origin: https://evil.example => 403
            OPTIONS /api/v1/runs/x | Host: localhost:PORT | Origin: https://evil.example | Access-Control-Request-Method: DELETE => 200
            GET /nowhere | Host: localhost:PORT => 404
            PATCH /api/v1/runs | Host: localhost:PORT => 405
            GET /api/v1/runs | Host: localhost:PORT | Accept: text/csv => 406
            """);
    }

    /// Probes and Prometheus use addresses, not host names.
    @Test
    void managementPortAcceptsRequestsByAddress() throws IOException {
        assertThat(management.getPort()).isNotEqualTo(service.getPort());
        check(management, """
            GET /q/health/live | Host: localhost:PORT => 200
            GET /q/metrics | Host: 10.42.0.7:9000 => 200
            GET /q/metrics | Host: [fd00::7]:9000 => 200
            GET /q/metrics | Host: evil.example => 421
            GET /q/metrics | Host: localhost:PORT | Origin: https://evil.example => 403
            GET /q/openapi | Host: localhost:PORT => 404
            GET /api/v1/runs | Host: localhost:PORT => 404
            """);
    }

    @ParameterizedTest
    @ValueSource(strings = {"key", "Basic bm90OmFrZXk=", "Bearer", "Bearer not-a-key-of-this-service"})
    void unknownKeyIsRejectedOnLoopbackToo(String authorization) throws IOException {
        check(service, "GET /api/v1/runs | Host: localhost:PORT | Authorization: %s => 401".formatted(authorization));
    }

    private static void check(URI server, String table) throws IOException {
        List<String> wrong = new ArrayList<>();
        for (String line : table.lines().toList()) {
            String[] sides =
                    line.replace("PORT", Integer.toString(server.getPort())).split(" => ");
            String answer = ask(server, sides[0].strip().split(" \\| "));
            String head = answer.split("\r\n\r\n")[0].toLowerCase(Locale.ROOT);
            String status = head.split(" ")[1];
            boolean guarded = HEADERS.stream().allMatch(head::contains);
            boolean foreign = head.contains("access-control");
            if (!status.equals(sides[1]) || foreign || !guarded) {
                wrong.add("%s%n  answered %s".formatted(line, answer.substring(0, Math.min(900, answer.length()))));
            }
        }
        assertThat(wrong).as("answers that differ from the table").isEmpty();
    }

    private static String ask(URI server, String[] lines) throws IOException {
        StringBuilder request = new StringBuilder(lines[0]).append(" HTTP/1.1\r\n");
        for (int i = 1; i < lines.length; i++) {
            request.append(lines[i]).append("\r\n");
        }
        request.append("Connection: close\r\n\r\n");
        if (request.indexOf("Content-Length: 2") > 0) {
            request.append("{}");
        }
        try (Socket socket = new Socket(server.getHost(), server.getPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.toString().getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }
}
