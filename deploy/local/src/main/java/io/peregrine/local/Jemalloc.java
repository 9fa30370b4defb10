package io.peregrine.local;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// The allocator that the trainer is started with where this machine has it: [jemalloc](https://jemalloc.net).
///
/// A training step takes and gives back large pieces of memory. The C library returns each of them to the system,
/// which has to clear all of it again for the next step; jemalloc keeps them for the next step.
final class Jemalloc {
    /// Large pieces are kept as small ones are, for ten seconds; two arenas, since few threads allocate.
    private static final String OPTIONS = "oversize_threshold:0,narenas:2,dirty_decay_ms:10000,muzzy_decay_ms:0";

    private static final String NAME = "libjemalloc.so.2";

    private Jemalloc() {}

    /// Finds it where distributions install it, or where `deploy/jemalloc/setup.sh` unpacks it.
    static Optional<Path> find() {
        String cache = Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                .filter(folder -> !folder.isBlank())
                .orElse(System.getProperty("user.home") + "/.cache");
        return Stream.of(cache + "/peregrine/jemalloc", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib")
                .map(folder -> Path.of(folder, NAME))
                .filter(Files::isRegularFile)
                .findFirst();
    }

    /// Has a process allocate by it, unless its environment says already what is loaded first.
    ///
    /// @param environment of the process
    /// @param library as [#find] finds it
    static void use(Map<String, String> environment, Optional<Path> library) {
        if (library.isPresent() && environment.getOrDefault("LD_PRELOAD", "").isBlank()) {
            environment.put("LD_PRELOAD", library.get().toString());
            environment.putIfAbsent("MALLOC_CONF", OPTIONS);
        }
    }
}
