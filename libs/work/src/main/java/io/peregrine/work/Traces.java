package io.peregrine.work;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/// Carries the trace of a run over its hops. Between an event that was heard and one that is said lie a job table
/// and an outbox, and often another process: what a library would carry in a thread lies in these tables as a W3C
/// `traceparent`, and in a record of Kafka as the header of that name.
///
/// Where nothing is sampled, which is the default, a call costs little and leaves nothing.
final class Traces {
    static final String HEADER = "traceparent";

    private static final int LONGEST = 512;
    private static final Pattern TRACEPARENT =
            Pattern.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?");

    private static final TextMapGetter<String> ONLY_PARENT = new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(String parent) {
            return List.of(HEADER);
        }

        @Override
        public String get(String parent, String key) {
            return key.equals(HEADER) ? parent : null;
        }
    };

    @FunctionalInterface
    interface Work<E extends Exception> {
        void run() throws E;
    }

    private Traces() {}

    /// Finds out whose trace a record continues. A header that is not a `traceparent` is ignored, as W3C asks.
    ///
    /// @return its `traceparent`, or null
    static String of(ConsumerRecord<?, ?> record) {
        Header header = record.headers().lastHeader(HEADER);
        if (header == null || header.value() == null || header.value().length > LONGEST) {
            return null;
        }
        String parent = new String(header.value(), US_ASCII);
        return TRACEPARENT.matcher(parent).matches() ? parent : null;
    }

    /// @return the span in which this thread is, as a `traceparent`, or null where it is not sampled
    static String current() {
        if (!Span.current().getSpanContext().isSampled()) {
            return null;
        }
        Map<String, String> carrier = new HashMap<>();
        W3CTraceContextPropagator.getInstance().inject(Context.current(), carrier, Map::put);
        return carrier.get(HEADER);
    }

    /// Does work inside a new span. What it throws is recorded there and passed on, but for
    /// [JobStoppedException], which is no error.
    ///
    /// @param parent a `traceparent` of whoever caused it, or null
    static <E extends Exception> void within(
            String parent, String name, SpanKind kind, Attributes attributes, Work<E> work) throws E {
        Context cause = parent == null
                ? Context.current()
                : W3CTraceContextPropagator.getInstance().extract(Context.root(), parent, ONLY_PARENT);
        Span span = GlobalOpenTelemetry.getTracer("io.peregrine.work")
                .spanBuilder(name)
                .setParent(cause)
                .setSpanKind(kind)
                .setAllAttributes(attributes)
                .startSpan();
        try (Scope scope = span.makeCurrent()) {
            work.run();
        } catch (JobStoppedException stopped) {
            span.addEvent("stopped: " + stopped.reason());
            throw stopped;
        } catch (Throwable error) {
            span.recordException(error);
            span.setStatus(StatusCode.ERROR, String.valueOf(error.getMessage()));
            throw error;
        } finally {
            span.end();
        }
    }
}
