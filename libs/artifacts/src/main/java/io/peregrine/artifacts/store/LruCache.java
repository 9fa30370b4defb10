package io.peregrine.artifacts.store;

import java.util.LinkedHashMap;
import java.util.Map;

/// Bounded cache of what a process knows about artifacts, by URI. It evicts the least recently used entry.
/// Thread-safe.
final class LruCache<V> {
    private final Map<String, V> byUri;

    /// @param most maximum number of entries
    LruCache(int most) {
        this.byUri = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
                return size() > most;
            }
        };
    }

    /// @return null if there is no entry
    synchronized V get(String uri) {
        return byUri.get(uri);
    }

    synchronized void put(String uri, V known) {
        byUri.put(uri, known);
    }

    synchronized void remove(String uri) {
        byUri.remove(uri);
    }
}
