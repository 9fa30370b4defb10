package io.peregrine.endtoend;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.EventCodec;
import io.peregrine.launcher.ChildProcesses;
import io.peregrine.launcher.LocalPeregrine;
import io.peregrine.launcher.Service;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Addresses and data folder of a running Peregrine.
///
/// @param kafka bootstrap servers
/// @param services address of each service
/// @param data folder of data and logs
record Endpoints(String kafka, int postgresPort, Map<Service, String> services, Path data) {
    static Endpoints of(LocalPeregrine peregrine) {
        return new Endpoints(
                peregrine.broker().bootstrapServers(),
                peregrine.postgres().port(),
                services(peregrine::address),
                peregrine.data());
    }

    /// Reads the addresses that `./peregrine up` has written into a data folder.
    static Endpoints announced(Path data) throws IOException {
        JsonNode instance =
                EventCodec.json().readTree(data.resolve("peregrine.json").toFile());
        int postgresPort = new ChildProcesses(data)
                .read().stream()
                        .filter(child -> child.name().equals("PostgreSQL"))
                        .findFirst()
                        .orElseThrow()
                        .port();
        return new Endpoints(
                instance.path("kafka").asText(),
                postgresPort,
                services(service -> instance.path(service.word()).asText()),
                data);
    }

    private static Map<Service, String> services(Function<Service, String> address) {
        return Stream.of(Service.values()).collect(Collectors.toMap(Function.identity(), address));
    }

    /// @param name name of the database
    Connection connect(String name, String role) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:%d/%s?loginTimeout=5&socketTimeout=10".formatted(postgresPort, name),
                role,
                password(role));
    }

    /// @return the generated password of a role
    private String password(String role) {
        String begin = "*:*:*:%s:".formatted(role);
        try (Stream<String> lines = Files.lines(data.resolve("pgpass"))) {
            return lines.filter(line -> line.startsWith(begin))
                    .findFirst()
                    .orElseThrow()
                    .substring(begin.length());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @return the open jobs of a run, one per line
    String openJobs(String run) throws SQLException {
        StringBuilder jobs = new StringBuilder();
        for (Service service : Service.values()) {
            try (Connection database = connect("peregrine", service.word());
                    PreparedStatement query = database.prepareStatement(
                            "select kind || ' ' || key || ' ' || state || ' crashes ' || crashes || ' failures ' || failures || ' waits ' || waits "
                                    + "|| coalesce(' ' || error, '') from job where run = ? and state <> 'done'")) {
                query.setString(1, run);
                try (ResultSet rows = query.executeQuery()) {
                    while (rows.next()) {
                        jobs.append("\n").append(service.word()).append(": ").append(rows.getString(1));
                    }
                }
            }
        }
        return jobs.toString();
    }
}
