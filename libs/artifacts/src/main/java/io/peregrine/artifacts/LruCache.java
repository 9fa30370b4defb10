package io.peregrine.artifacts;

import java.util.LinkedHashMap;
import java.util.Map;

/// What a process knows of artifacts by their names, bounded: it forgets what it has not asked for the longest,
/// and then finds it out again. Safe for several threads.
final class LruCache<V> {
    private final Map<String, V> byUri;

    /// @param most names
    LruCache(int most) {
        this.byUri = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
                return size() > most;
            }
        };
    }

    /// @return null, if nothing is known
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
