package io.peregrine.rest.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.impl.VertxInternal;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A server with the options of the services, but without their operations.
class BareErrorsTest {
    private static Vertx vertx;
    private static HttpServer server;

    @BeforeAll
    static void start() throws Exception {
        vertx = Vertx.vertx();
        server = vertx.createHttpServer(new HttpServerOptions()
                        .setCompressionSupported(true)
                        .setIdleTimeout(60)
                        .setMaxHeaderSize(20_480)
                        .setMaxInitialLineLength(4_096))
                .requestHandler(BareErrorsTest::answer)
                .listen(0, "localhost")
                .toCompletionStage()
                .toCompletableFuture()
                .get(30, TimeUnit.SECONDS);
        new BareErrors(vertx).listening(null);
        // A task behind those that install the handler.
        CountDownLatch installed = new CountDownLatch(1);
        ((VertxInternal) vertx).getAcceptorEventLoopGroup().execute(installed::countDown);
        assertThat(installed.await(30, TimeUnit.SECONDS)).isTrue();
    }

    @AfterAll
    static void stop() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private static void answer(HttpServerRequest request) {
        switch (request.path()) {
            case "/bare" -> request.response().setStatusCode(413).end();
            case "/page" ->
                request.response()
                        .setStatusCode(404)
                        .putHeader("content-type", "text/html; charset=utf-8")
                        .end("<html><body>Resource not found</body></html>");
            case "/down" ->
                request.response()
                        .setStatusCode(503)
                        .putHeader("content-type", "application/json")
                        .end("{\"status\":\"DOWN\"}");
            case "/bare-503" -> request.response().setStatusCode(503).end();
            default -> request.response().end("hello");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET /%s HTTP/1.1 | 5000 | 414 | url-too-long",
                "GET /%s HTTP/1.1 | 100000 | 414 | url-too-long",
                "POST /%s HTTP/1.1 | 5000 | 414 | url-too-long",
                "GET /x HTTP/1.1NX: %s | 30000 | 431 | headers-too-large",
                "POST /x HTTP/1.1NHost: localhostNCookie: %s | 70000 | 431 | headers-too-large",
                "PUT /x HTTP/1.1NX: yN%s | 5 | 400 | bad-request",
                "GARBAGE%s | 1 | 400 | bad-request",
                "PRI * HTTP/1.1Nno colon%s | 1 | 400 | bad-request",
                "GET /bare?%s HTTP/1.1 | 1 | 413 | too-large",
                "GET /page?%s HTTP/1.1 | 1 | 404 | address-unknown"
            })
    void anErrorWithoutABodyGetsAProblem(String head, int count, int status, String kind) throws IOException {
        String answer = send(head.formatted("x".repeat(count)).replace("N", "\r\n") + "\r\nConnection: close\r\n\r\n");

        assertThat(answer)
                .startsWith("HTTP/1")
                .contains(" %d ".formatted(status))
                .containsIgnoringCase("\r\ncontent-type: application/problem+json\r\n")
                .containsIgnoringCase("\r\nx-content-type-options: nosniff\r\n")
                .contains("\"type\":\"/api/v1/problems/%s\"".formatted(kind), "\"status\":" + status);
        String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
        assertThat(answer).containsIgnoringCase("\r\ncontent-length: %d\r\n".formatted(body.length()));
    }

    @Test
    void aProblemStatesThePathOfTheRequest() throws IOException {
        assertThat(send("GET /bare?secret=1 HTTP/1.1\r\nConnection: close\r\n\r\n"))
                .contains("\"instance\":\"/bare\"")
                .doesNotContain("secret");
        assertThat(send("GARBAGE\r\n\r\n")).doesNotContain("instance");
    }

    @Test
    void anotherStatusHasItsReason() throws IOException {
        assertThat(send("GET /bare-503 HTTP/1.1\r\nConnection: close\r\n\r\n"))
                .contains("\"type\":\"about:blank\"", "\"title\":\"Service Unavailable\"", "\"status\":503");
    }

    @Test
    void anyOtherAnswerIsLeftAsItIs() throws IOException {
        assertThat(send("GET /x HTTP/1.1\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 200")
                .endsWith("hello");
        assertThat(send("GET /down HTTP/1.1\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 503")
                .containsIgnoringCase("content-type: application/json")
                .endsWith("{\"status\":\"DOWN\"}");
    }

    @Test
    void anAnswerToAHeadRequestHasNoBody() throws IOException {
        assertThat(send("HEAD /bare HTTP/1.1\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 413")
                .containsIgnoringCase("content-type: application/problem+json")
                .endsWith("\r\n\r\n");
    }

    @Test
    void laterRequestsOfAConnectionAreAnsweredInOrder() throws IOException {
        String answers = send("GET /x HTTP/1.1\r\n\r\nHEAD /bare HTTP/1.1\r\n\r\nGET /bare HTTP/1.1\r\n\r\n"
                + "GET /x HTTP/1.1\r\nX: " + "x".repeat(30_000) + "\r\n\r\n");

        assertThat(answers.split("HTTP/1\\.[01] ")).hasSize(5);
        assertThat(answers.indexOf("hello")).isPositive().isLessThan(answers.indexOf("too-large"));
        assertThat(answers.indexOf("headers-too-large")).isGreaterThan(answers.indexOf("/problems/too-large"));
        assertThat(answers.split("/problems/too-large")).as("no body for HEAD").hasSize(2);
    }

    @Test
    void aRequestThatArrivesInPiecesIsAnsweredToo() throws IOException {
        try (Socket socket = new Socket("localhost", server.actualPort())) {
            socket.setSoTimeout(10_000);
            socket.setTcpNoDelay(true);
            for (String piece : new String[] {"P", "RI", " * HTTP/1", ".1\r\nno colon", "\r\n\r\n"}) {
                socket.getOutputStream().write(piece.getBytes(StandardCharsets.US_ASCII));
                socket.getOutputStream().flush();
            }
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .contains(" 400 ", "bad-request");
        }
    }

    private static String send(String request) throws IOException {
        try (Socket socket = new Socket("localhost", server.actualPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }
}
