package io.peregrine.platform;

import java.nio.file.Path;
import java.util.List;

/// The flags that every JVM of Peregrine has, except the size of its heap. `java` reads them from the argument
/// files in `deploy/jvm`, which images and tests use as well.
public final class JvmOptions {
    private JvmOptions() {}

    /// @return arguments of `java` for any process
    public static List<String> all() {
        return List.of(argument("jvm.options"));
    }

    /// @return arguments of `java` for a process that runs the code of a service
    public static List<String> service() {
        return List.of(argument("jvm.options"), argument("service.options"));
    }

    private static String argument(String file) {
        return "@" + ProjectRoot.path().resolve("deploy/jvm").resolve(file);
    }

    /// @return the `java` program of this process
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }
}
