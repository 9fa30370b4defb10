package io.peregrine.work.jobs;

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

/// Propagates the trace context of a run. Between a received event and a published event there is a job table and
/// an outbox, and often another process, so a library cannot propagate the context in a thread. The tables store
/// it as a W3C `traceparent`, and Kafka records carry it in the header of that name.
///
/// If nothing is sampled, which is the default, a call is cheap and stores nothing.
public final class Traces {
    public static final String HEADER = "traceparent";

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
    public interface Work<E extends Exception> {
        void run() throws E;
    }

    private Traces() {}

    /// Reads the trace context of a record. A header that is not a `traceparent` is ignored, as W3C requires.
    ///
    /// @return its `traceparent`, or null
    public static String of(ConsumerRecord<?, ?> record) {
        Header header = record.headers().lastHeader(HEADER);
        if (header == null || header.value() == null || header.value().length > LONGEST) {
            return null;
        }
        String parent = new String(header.value(), US_ASCII);
        return TRACEPARENT.matcher(parent).matches() ? parent : null;
    }

    /// @return the current span as a `traceparent`, or null if it is not sampled
    static String current() {
        if (!Span.current().getSpanContext().isSampled()) {
            return null;
        }
        Map<String, String> carrier = new HashMap<>();
        W3CTraceContextPropagator.getInstance().inject(Context.current(), carrier, Map::put);
        return carrier.get(HEADER);
    }

    /// Runs work inside a new span. Exceptions are recorded in the span and rethrown; [JobStoppedException] is
    /// not recorded as an error.
    ///
    /// @param parent `traceparent` of the cause, or null
    public static <E extends Exception> void within(
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
