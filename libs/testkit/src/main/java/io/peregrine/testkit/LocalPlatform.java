package io.peregrine.testkit;

import io.peregrine.platform.LocalBroker;
import io.peregrine.platform.LocalPostgres;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/// A real broker, a real database and an empty store for a `@QuarkusTest`:
/// `@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value =
/// "ingest"))`.
///
/// The test reads their addresses from the configuration keys `kafka.bootstrap.servers`, `peregrine.store`,
/// `peregrine.roots` (one folder, which it may fill) and `peregrine.database.url`. The service has one key for
/// each role, [#key].
public final class LocalPlatform implements QuarkusTestResourceLifecycleManager {
    private String service;
    private Path folder;
    private LocalBroker broker;
    private LocalPostgres postgres;

    @Override
    public void init(Map<String, String> arguments) {
        service = arguments.get("service");
        if (!LocalPostgres.SERVICES.contains(service)) {
            throw new IllegalArgumentException(
                    "'service' is '%s'; it must be one of %s".formatted(service, LocalPostgres.SERVICES));
        }
    }

    /// @param role `read`, `run` or `maintain`
    /// @return the key with this role
    public static String key(String role) {
        return role + "-key-of-the-tests-0123456789";
    }

    @Override
    public Map<String, String> start() {
        try {
            folder = Files.createTempDirectory("peregrine-" + service + "-");
            Path roots = Files.createDirectories(folder.resolve("roots"));
            broker = LocalBroker.start(folder.resolve("kafka"), 0);
            postgres = LocalPostgres.start(folder.resolve("postgres"), 0);
            Path keys = folder.resolve("keys");
            Files.write(
                    keys,
                    Stream.of("read", "run", "maintain")
                            .map(role -> "%s-user %s %s".formatted(role, role, key(role)))
                            .toList());
            Map<String, String> settings = new HashMap<>();
            settings.put("peregrine.http.keys-file", keys.toString());
            settings.put("kafka.bootstrap.servers", broker.bootstrapServers());
            settings.put("peregrine.database.url", postgres.url());
            settings.put("peregrine.database.user", service);
            settings.put("peregrine.database.password", postgres.password(service));
            settings.put("peregrine.store", folder.resolve("store").toString());
            settings.put("peregrine.roots", roots.toString());
            settings.put("peregrine.trainer.state", folder.resolve("state").toString());
            settings.put("quarkus.http.test-port", "0");
            return settings;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void stop() {
        if (postgres != null) {
            postgres.close();
        }
        if (broker != null) {
            broker.close();
        }
        if (folder != null) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            } catch (IOException leftover) {
                // A remaining temporary folder must not fail a test.
            }
        }
    }
}
