package io.peregrine.rest.access;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
import io.peregrine.rest.problem.ProblemKind;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;

/// Gives the errors of one connection that the HTTP server itself answers a problem as body, and the headers of
/// every other answer.
final class BareErrorHandler extends ChannelDuplexHandler {
    private static final Map<Integer, ProblemKind> KINDS = Map.of(
            400, GeneralProblem.BAD_REQUEST,
            404, GeneralProblem.ADDRESS_UNKNOWN,
            405, GeneralProblem.METHOD_NOT_ALLOWED,
            413, GeneralProblem.TOO_LARGE,
            414, GeneralProblem.URL_TOO_LONG,
            431, GeneralProblem.HEADERS_TOO_LARGE);

    /// Requests without an answer yet, in order.
    private final Queue<HttpRequest> open = new ArrayDeque<>();

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpRequest request) {
            open.add(request);
        }
        context.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (!(message instanceof HttpResponse response)
                || response.status().codeClass() == HttpStatusClass.INFORMATIONAL) {
            context.write(message, promise);
            return;
        }
        HttpRequest request = open.poll();
        if (message instanceof FullHttpResponse full && isBare(full)) {
            FullHttpResponse answer = withBody(full, request);
            full.release();
            context.write(answer, promise);
        } else {
            context.write(message, promise);
        }
    }

    /// The server's own pages are HTML; other bodies, such as those of health checks, are meant.
    private static boolean isBare(FullHttpResponse response) {
        String type = response.headers().get(HttpHeaderNames.CONTENT_TYPE);
        return response.status().code() >= 400
                && (type == null ? !response.content().isReadable() : type.startsWith("text/html"));
    }

    private static FullHttpResponse withBody(FullHttpResponse bare, HttpRequest request) {
        byte[] problem = RequestGuard.json(problem(bare.status(), request));
        boolean isHead = request != null && request.method().equals(HttpMethod.HEAD);
        ByteBuf body = Unpooled.wrappedBuffer(isHead ? new byte[0] : problem);
        FullHttpResponse answer = new DefaultFullHttpResponse(bare.protocolVersion(), bare.status(), body);
        answer.headers().add(bare.headers());
        RequestGuard.HEADERS.forEach((name, value) -> answer.headers().set(name, value));
        answer.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, Problem.MEDIA_TYPE)
                .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
                .set(HttpHeaderNames.CONTENT_LENGTH, problem.length)
                .remove(HttpHeaderNames.TRANSFER_ENCODING)
                .remove(HttpHeaderNames.CONTENT_ENCODING);
        answer.trailingHeaders().add(bare.trailingHeaders());
        return answer;
    }

    private static Problem problem(HttpResponseStatus status, HttpRequest request) {
        String what = "The server answered with status %d.".formatted(status.code());
        String path = request == null || request.decoderResult().isFailure() ? null : path(request.uri());
        ProblemKind kind = KINDS.get(status.code());
        return kind == null
                ? new Problem("about:blank", status.reasonPhrase(), status.code(), what, path, List.of())
                : new Problem(kind.type(), kind.title(), kind.status(), what + " " + kind.remedy(), path, List.of());
    }

    private static String path(String uri) {
        return uri.replaceFirst("[?#].*", "");
    }
}
