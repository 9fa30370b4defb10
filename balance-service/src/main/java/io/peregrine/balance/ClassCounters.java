package io.peregrine.balance;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/// A counter by class whose number of series is bounded, however many datasets a process balances.
///
/// Beyond [#MOST] classes the one that was counted longest ago goes, if that was an hour ago. While all are in
/// use, further classes count together as [#OTHERS].
final class ClassCounters {
    static final int MOST = 200;
    static final String OTHERS = "(others)";

    private static final Duration UNUSED = Duration.ofHours(1);

    private final MeterRegistry registry;
    private final String name;
    private final String description;
    private final Clock clock;
    /// Counted longest ago first.
    private final Map<String, Instant> counted = new LinkedHashMap<>(16, 0.75f, true);

    ClassCounters(MeterRegistry registry, String name, String description, Clock clock) {
        this.registry = registry;
        this.name = name;
        this.description = description;
        this.clock = clock;
    }

    synchronized void increment(String label, long amount) {
        Instant now = clock.instant();
        if (!counted.containsKey(label)) {
            makeRoom(now);
        }
        if (counted.containsKey(label) || counted.size() < MOST) {
            counted.put(label, now);
            counter(label).increment(amount);
        } else {
            counter(OTHERS).increment(amount);
        }
    }

    private void makeRoom(Instant now) {
        Iterator<Map.Entry<String, Instant>> oldest = counted.entrySet().iterator();
        while (counted.size() >= MOST && oldest.hasNext()) {
            Map.Entry<String, Instant> entry = oldest.next();
            if (entry.getValue().isAfter(now.minus(UNUSED))) {
                return;
            }
            registry.remove(counter(entry.getKey()));
            oldest.remove();
        }
    }

    private Counter counter(String label) {
        return Counter.builder(name)
                .description(description)
                .tag("class", label)
                .register(registry);
    }
}
