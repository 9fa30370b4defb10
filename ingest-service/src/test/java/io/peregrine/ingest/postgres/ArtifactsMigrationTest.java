package io.peregrine.ingest.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.local.LocalPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs from before references of runs to artifacts were stored.
class ArtifactsMigrationTest {
    @TempDir
    Path folder;

    private static String ref(String kind, String digit) {
        return "{\"uri\":\"%s\",\"sha256\":\"%s\",\"bytes\":7}".formatted(uri(kind, digit), digit.repeat(64));
    }

    private static String uri(String kind, String digit) {
        return "store:%s/%s/%s.x".formatted(kind, digit.repeat(2), digit.repeat(64));
    }

    @Test
    void listingsAndPacksOfEarlierRunsAreReferencedAndADeletedPackIsNotReused() throws SQLException {
        try (LocalPostgres postgres = LocalPostgres.start(folder.resolve("postgres"), 0)) {
            FluentConfiguration flyway = Flyway.configure()
                    .dataSource(postgres.url(), "ingest", postgres.password("ingest"))
                    .locations("db/work", "db/ingest")
                    .placeholders(java.util.Map.of("kinds", "none"));
            flyway.target("20261125").load().migrate();
            try (Connection database = postgres.connect("ingest")) {
                database.createStatement()
                        .execute("""
                        insert into ingest_run (run, dataset, listing) values ('one', 'd', '%1$s'), ('two', 'd', '%1$s');
                        insert into made_pack (run, number, pixels, refusals) values
                            ('one', 0, '%2$s', '[]'), ('two', 0, '%2$s', '[]'), ('two', 1, '%3$s', '[]');
                        insert into decoded_pack (decode_key, pixels, refusals) values ('k', '%2$s', '[]')""".formatted(ref("listing", "a"), ref("pack", "b"), ref("pack", "c")));
                flyway.target("latest").load().migrate();

                assertThat(strings(database, "select run || ' ' || uri from needed order by 1"))
                        .containsExactly(
                                "one " + uri("listing", "a"),
                                "one " + uri("pack", "b"),
                                "two " + uri("listing", "a"),
                                "two " + uri("pack", "b"),
                                "two " + uri("pack", "c"));
                assertThat(strings(database, "select bytes || ' ' || published from artifact"))
                        .containsOnly("7 true")
                        .hasSize(3);
                // A deleted artifact cannot be reused: the same transaction deletes its decode key.
                database.createStatement().execute("delete from needed");
                database.createStatement().execute("delete from artifact where uri = '" + uri("pack", "b") + "'");
                assertThat(strings(database, "select decode_key from decoded_pack"))
                        .isEmpty();
            }
        }
    }

    private static List<String> strings(Connection database, String query) throws SQLException {
        List<String> strings = new ArrayList<>();
        try (ResultSet rows = database.createStatement().executeQuery(query)) {
            while (rows.next()) {
                strings.add(rows.getString(1));
            }
        }
        return strings;
    }
}
