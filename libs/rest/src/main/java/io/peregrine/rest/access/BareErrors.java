package io.peregrine.rest.access;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ServerChannel;
import io.netty.channel.SingleThreadEventLoop;
import io.netty.util.concurrent.EventExecutor;
import io.quarkus.vertx.http.HttpServerStart;
import io.vertx.core.Vertx;
import io.vertx.core.impl.VertxInternal;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.inject.Singleton;

/// Installs [BareErrorHandler] into every connection. The HTTP server answers requests that it cannot parse, and
/// bodies that are too large, before any handler of the service, and offers no other place to change the answer.
@Singleton
class BareErrors {
    private static final String NAME = "peregrine-bare-errors";

    /// The server decides between HTTP/1 and HTTP/2 within these first bytes of a connection.
    private static final int PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".length();

    private final VertxInternal vertx;

    BareErrors(Vertx vertx) {
        this.vertx = (VertxInternal) vertx;
    }

    void listening(@ObservesAsync HttpServerStart started) {
        for (EventExecutor executor : vertx.getAcceptorEventLoopGroup()) {
            executor.execute(() -> ((SingleThreadEventLoop) executor)
                    .registeredChannelsIterator()
                    .forEachRemaining(BareErrors::install));
        }
    }

    private static void install(Channel server) {
        if (server instanceof ServerChannel && server.pipeline().get(NAME) == null) {
            server.pipeline().addFirst(NAME, new Accepting());
        }
    }

    private static final class Accepting extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof Channel connection) {
                connection.pipeline().addFirst(NAME, new Opening());
            }
            context.fireChannelRead(message);
        }
    }

    /// Waits until the server has chosen the protocol of the connection. It chooses within the first bytes, which
    /// therefore are passed on one by one: the request must not be handled before the handler is in its place.
    private static final class Opening extends ChannelInboundHandlerAdapter {
        private int passed;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof ByteBuf bytes) {
                while (passed < PREFACE && bytes.isReadable() && !isHttp1(context.pipeline())) {
                    passed++;
                    context.fireChannelRead(bytes.readRetainedSlice(1));
                }
            }
            ChannelPipeline pipeline = context.pipeline();
            if (isHttp1(pipeline)) {
                pipeline.addBefore(
                        pipeline.get("h2c") == null ? "handler" : "h2c", NAME + "-http1", new BareErrorHandler());
                pipeline.remove(this);
            }
            context.fireChannelRead(message);
        }

        private static boolean isHttp1(ChannelPipeline pipeline) {
            return pipeline.get("httpEncoder") != null
                    && (pipeline.get("h2c") != null || pipeline.get("handler") != null);
        }
    }
}
