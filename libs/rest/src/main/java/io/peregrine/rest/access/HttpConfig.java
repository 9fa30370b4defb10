package io.peregrine.rest.access;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Who may ask a service over HTTP.
@ConfigMapping(prefix = "peregrine.http")
interface HttpConfig {
    /// Names by which the service may be asked for, as the header `Host` has them; any port, unless one is named.
    @WithDefault("localhost,127.0.0.1,[::1]")
    List<String> allowedHosts();

    /// Whether every request needs a key or a token. A service that listens beyond loopback always asks for one.
    @WithDefault("false")
    boolean requireKey();

    /// A file of keys: lines `NAME ROLE KEY`, where ROLE is `read`, `run` or `maintain`.
    Optional<Path> keysFile();
}
