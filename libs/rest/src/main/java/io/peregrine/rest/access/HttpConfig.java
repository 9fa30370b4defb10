package io.peregrine.rest.access;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// HTTP access settings of a service.
@ConfigMapping(prefix = "peregrine.http")
interface HttpConfig {
    /// Allowed values of the header `Host`; an entry without a port allows every port.
    @WithDefault("localhost,127.0.0.1,[::1]")
    List<String> allowedHosts();

    /// Whether every request requires a key or a token. A service that listens beyond loopback always requires
    /// one.
    @WithDefault("false")
    boolean requireKey();

    /// A file of keys: lines `NAME ROLE KEY`, where ROLE is `read`, `run` or `maintain`.
    Optional<Path> keysFile();
}
