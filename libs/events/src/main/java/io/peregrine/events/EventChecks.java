package io.peregrine.events;

import io.peregrine.events.UnreadableEventException.Kind;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Collection;
import java.util.Map;

/// Checks what the constructors do not: no required component is missing, and no text is longer than the rows and
/// indexes that store it. One rule applies to all records, so that new fields are limited automatically.
final class EventChecks {
    /// Limit of most texts, including keys of tables: PostgreSQL's index rows have at most 2,704 bytes.
    private static final int TEXT_BYTES = 1_024;

    /// Limits of texts that are not indexed: addresses, paths, messages.
    private static final Map<String, Integer> LONGER =
            Map.of("uri", 16_384, "source", 4_096, "detail", 8_192, "reason", 8_192, "resource", 8_192);

    private static final ClassValue<RecordComponent[]> COMPONENTS = new ClassValue<>() {
        @Override
        protected RecordComponent[] computeValue(Class<?> type) {
            return type.getRecordComponents();
        }
    };

    private EventChecks() {}

    /// @throws UnreadableEventException if a component is missing or too long; the message contains its path in
    ///     the data
    static void check(PipelineEvent event) throws UnreadableEventException {
        checkRecord("", (Record) event);
    }

    private static void checkRecord(String path, Record holder) throws UnreadableEventException {
        for (RecordComponent component : COMPONENTS.get(holder.getClass())) {
            String name = component.getName();
            Object value = value(holder, component);
            if (value != null) {
                checkValue(path + "/" + name, name, value);
            } else if (!component.isAnnotationPresent(MayBeNull.class)) {
                throw new UnreadableEventException(Kind.BAD_DATA, "the field %s/%s is missing".formatted(path, name));
            }
        }
    }

    private static void checkValue(String path, String name, Object value) throws UnreadableEventException {
        switch (value) {
            case String text -> {
                int most = LONGER.getOrDefault(name, TEXT_BYTES);
                if (!CleanText.fits(text, most)) {
                    throw new UnreadableEventException(
                            Kind.BAD_DATA, "the field %s has more than %,d bytes of text".formatted(path, most));
                }
            }
            case Collection<?> values -> {
                for (Object each : values) {
                    checkValue(path, name, each);
                }
            }
            case Map<?, ?> values -> {
                for (Map.Entry<?, ?> entry : values.entrySet()) {
                    checkValue(path, name, entry.getKey());
                    checkValue(path, name, entry.getValue());
                }
            }
            case Record nested -> checkRecord(path, nested);
            default -> {
                // The types of numbers, booleans and enums limit their size.
            }
        }
    }

    private static Object value(Record holder, RecordComponent component) {
        try {
            return component.getAccessor().invoke(holder);
        } catch (IllegalAccessException | InvocationTargetException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
