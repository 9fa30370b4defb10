package io.peregrine.testkit;

import io.peregrine.platform.LocalPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.configuration.FluentConfiguration;

/// A service's schema in a PostgreSQL of its own, for tests of migrations with rows from before them.
public final class MigratedDatabase implements AutoCloseable {
    private final LocalPostgres postgres;
    private final FluentConfiguration flyway;
    private final Connection connection;

    /// @param folder an empty folder
    /// @param service such as `ingest`
    public MigratedDatabase(Path folder, String service) throws SQLException {
        this.postgres = LocalPostgres.start(folder.resolve("postgres"), 0);
        this.flyway = Flyway.configure()
                .dataSource(postgres.url(), service, postgres.password(service))
                .locations("db/work", "db/" + service)
                .placeholders(Map.of("kinds", "none"));
        this.connection = postgres.connect(service);
    }

    /// @param version last migration to run, such as `20261125`, or `latest`
    public void migrate(String version) {
        flyway.target(version).load().migrate();
    }

    /// @param statements SQL statements, separated by semicolons
    public void execute(String statements) throws SQLException {
        connection.createStatement().execute(statements);
    }

    /// @return the first column of the query's rows
    public List<String> strings(String query) throws SQLException {
        List<String> strings = new ArrayList<>();
        try (ResultSet rows = connection.createStatement().executeQuery(query)) {
            while (rows.next()) {
                strings.add(rows.getString(1));
            }
        }
        return strings;
    }

    /// @param digit hexadecimal digit of which the artifact's name consists
    /// @return the JSON of a reference to an artifact of 7 bytes
    public static String reference(String kind, String digit) {
        return "{\"uri\":\"%s\",\"sha256\":\"%s\",\"bytes\":7}".formatted(uri(kind, digit), digit.repeat(64));
    }

    /// @return the URI in [#reference]
    public static String uri(String kind, String digit) {
        return "store:%s/%s/%s.x".formatted(kind, digit.repeat(2), digit.repeat(64));
    }

    @Override
    public void close() throws SQLException {
        connection.close();
        postgres.close();
    }
}
