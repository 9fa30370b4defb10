package io.peregrine.launcher;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Memory allocator of the trainer, used if it is installed: [jemalloc](https://jemalloc.net).
///
/// A training step allocates and frees large memory blocks. The C library returns each block to the operating
/// system, which must zero the pages again for the next step. jemalloc keeps the blocks for the next step.
final class Jemalloc {
    /// Large blocks are kept like small ones, for ten seconds. Two arenas suffice because few threads allocate.
    private static final String OPTIONS = "oversize_threshold:0,narenas:2,dirty_decay_ms:10000,muzzy_decay_ms:0";

    private static final String NAME = "libjemalloc.so.2";

    private Jemalloc() {}

    /// Finds the library where distributions install it, or where `deploy/jemalloc/setup.sh` unpacks it.
    static Optional<Path> find() {
        String cache = Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                .filter(folder -> !folder.isBlank())
                .orElse(System.getProperty("user.home") + "/.cache");
        return Stream.of(cache + "/peregrine/jemalloc", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib")
                .map(folder -> Path.of(folder, NAME))
                // LD_PRELOAD is a list that colons and blanks separate.
                .filter(file -> file.toString().matches("[^: ]*") && Files.isRegularFile(file))
                .findFirst();
    }

    /// Makes a process use jemalloc, unless its environment already sets `LD_PRELOAD`.
    ///
    /// @param environment environment variables of the process
    /// @param library result of [#find]
    static void use(Map<String, String> environment, Optional<Path> library) {
        if (library.isPresent() && environment.getOrDefault("LD_PRELOAD", "").isBlank()) {
            environment.put("LD_PRELOAD", library.get().toString());
            environment.putIfAbsent("MALLOC_CONF", OPTIONS);
        }
    }
}
