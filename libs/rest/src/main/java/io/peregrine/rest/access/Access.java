package io.peregrine.rest.access;

import io.quarkus.runtime.PreventFurtherStepsException;
import io.vertx.core.http.HttpServerRequest;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// The access configuration, validated when the service starts. A service that is reachable from other machines
/// does not start without keys or an identity provider.
@Singleton
class Access {
    /// Headers by which a proxy reports that it forwards another client's request.
    private static final List<String> PASSED_ON = List.of("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via");

    private final AllowedHosts hosts;
    private final ApiKeys keys;
    private final boolean loopback;
    private final boolean keyRequired;
    private final boolean tokens;

    Access(
            HttpConfig config,
            @ConfigProperty(name = "quarkus.http.host") String host,
            @ConfigProperty(name = "quarkus.oidc.tenant-enabled") boolean tokens,
            @ConfigProperty(name = "quarkus.init-and-exit", defaultValue = "false") boolean migratesOnly) {
        try {
            this.hosts = new AllowedHosts(config.allowedHosts());
            this.keys = config.keysFile().map(Access::read).orElseGet(() -> ApiKeys.parse(List.of()));
        } catch (IllegalArgumentException wrong) {
            throw new PreventFurtherStepsException(wrong.getMessage(), 1);
        }
        this.loopback = isLoopback(host);
        this.keyRequired = config.requireKey() || !loopback;
        this.tokens = tokens;
        if (keyRequired && keys.isEmpty() && !tokens && !migratesOnly) {
            throw new PreventFurtherStepsException(
                    "This service %s but has no keys; set peregrine.http.keys-file (PEREGRINE_HTTP_KEYS_FILE) to a file of lines NAME ROLE KEY, or quarkus.oidc.auth-server-url and quarkus.oidc.tenant-enabled=true, or let it listen on 127.0.0.1 (QUARKUS_HTTP_HOST)."
                            .formatted(
                                    loopback
                                            ? "requires a key (peregrine.http.require-key)"
                                            : "listens on %s, beyond loopback,".formatted(host)),
                    1);
        }
    }

    private static ApiKeys read(Path file) {
        try {
            return ApiKeys.parse(Files.readAllLines(file));
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "Cannot read peregrine.http.keys-file %s (%s); set it to a readable file of lines NAME ROLE KEY."
                            .formatted(file, e),
                    e);
        } catch (IllegalArgumentException badLine) {
            throw new IllegalArgumentException(
                    "peregrine.http.keys-file %s is not valid: %s; correct that line."
                            .formatted(file, badLine.getMessage()),
                    badLine);
        }
    }

    private static boolean isLoopback(String host) {
        try {
            return Stream.of(InetAddress.getAllByName(host)).allMatch(InetAddress::isLoopbackAddress);
        } catch (UnknownHostException notAName) {
            return false;
        }
    }

    AllowedHosts hosts() {
        return hosts;
    }

    ApiKeys keys() {
        return keys;
    }

    /// @return whether tokens of an identity provider are accepted in addition to keys
    boolean acceptsTokens() {
        return tokens;
    }

    /// @return whether the service is reachable only from this machine
    boolean isLoopback() {
        return loopback;
    }

    /// @return whether a caller without credentials may do everything: a caller on this machine, unless a proxy
    ///     forwards another client's request
    boolean trusts(HttpServerRequest request) {
        return !keyRequired && PASSED_ON.stream().noneMatch(request.headers()::contains);
    }
}
