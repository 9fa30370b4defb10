package io.peregrine.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.peregrine.events.Topics;
import java.util.List;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/// Records that are not events, generated from a small grammar: a value, CloudEvent headers of which at least one
/// is wrong, and sometimes an invalid `traceparent`.
final class Garbage {
    private static final List<String> TYPES = List.of(
            "io.peregrine.dataset.ready.v1",
            "io.peregrine.run.failed.v1",
            "io.peregrine.dataset.sealed.v1",
            "io.peregrine.nothing.happened.v1",
            "",
            "\u0000");

    private final RandomGenerator random;

    Garbage(RandomGenerator random) {
        this.random = random;
    }

    /// Appends one record to the broker's log.
    ///
    /// @return a description for the trace
    String appendTo(SimulatedBroker broker) {
        String topic = pick(List.copyOf(Topics.partitions().keySet()));
        Headers headers = headers();
        byte[] value = value();
        broker.append(topic, random.nextBoolean() ? null : "key" + random.nextInt(4), value, headers, true);
        return "%s value=%s headers=%s".formatted(topic, value == null ? "none" : new String(value, UTF_8), headers);
    }

    /// None of these values is the data of an event, so no record is an event, even with valid headers.
    private byte[] value() {
        return switch (random.nextInt(10)) {
            case 0 -> null;
            case 1 -> new byte[0];
            case 2 -> "{}".getBytes(UTF_8);
            case 3 -> "null".getBytes(UTF_8);
            case 4 -> "[]".getBytes(UTF_8);
            case 5 -> "{\"run\":{\"id\":\"../../x\"}}".getBytes(UTF_8);
            case 6 -> "{\"run\":".getBytes(UTF_8);
            case 7 -> new byte[] {(byte) 0xff, 0, 1, (byte) 0xfe};
            case 8 -> " ".getBytes(UTF_8);
            default -> "7".getBytes(UTF_8);
        };
    }

    private Headers headers() {
        Headers headers = new RecordHeaders();
        if (random.nextInt(4) == 0) {
            return headers;
        }
        if (random.nextInt(5) > 0) {
            put(headers, "ce_specversion", pick(List.of("1.0", "1.0", "1.0", "0.3", "")));
        }
        if (random.nextInt(5) > 0) {
            put(headers, "ce_type", pick(TYPES));
        }
        if (random.nextInt(5) > 0) {
            put(headers, "ce_id", pick(List.of("short", "", "0123456789abcdef0123456789abcdef", "é")));
        }
        if (random.nextInt(5) > 0) {
            put(headers, "ce_source", pick(List.of("/kafka/peregrine.datasets", "/peregrine/ingest-service", "")));
        }
        if (random.nextInt(3) == 0) {
            put(headers, "ce_time", pick(List.of("yesterday", "2026-01-01T00:00:00Z", "")));
        }
        if (random.nextInt(4) == 0) {
            headers.add("traceparent", random.nextBoolean() ? null : "00-x".getBytes(UTF_8));
        }
        return headers;
    }

    private void put(Headers headers, String name, String value) {
        headers.add(name, random.nextInt(12) == 0 ? null : value.getBytes(UTF_8));
    }

    private String pick(List<String> from) {
        return from.get(random.nextInt(from.size()));
    }
}
