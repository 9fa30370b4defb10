package io.peregrine.balance.postgres;

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
    void shardsAndRecipesOfEarlierRunsAreReferencedByThem() throws SQLException {
        try (LocalPostgres postgres = LocalPostgres.start(folder.resolve("postgres"), 0)) {
            FluentConfiguration flyway = Flyway.configure()
                    .dataSource(postgres.url(), "balance", postgres.password("balance"))
                    .locations("db/work", "db/balance")
                    .placeholders(java.util.Map.of("kinds", "none"));
            flyway.target("20261125").load().migrate();
            try (Connection database = postgres.connect("balance")) {
                database.createStatement()
                        .execute("""
                        insert into balance_run (run, manifest, shards) values ('one', '{}', '[%1$s, %2$s]'), ('two', '{}', null);
                        insert into balance_class (run, label, name, real_pictures, synthetic_pictures, recipes) values
                            ('two', 0, 'Cubism', 1, 1, '%3$s'), ('two', 1, 'Rococo', 1, 0, null)""".formatted(ref("shard", "a"), ref("shard", "b"), ref("recipes", "c")));
                flyway.target("latest").load().migrate();

                assertThat(strings(database, "select run || ' ' || uri from needed order by 1"))
                        .containsExactly(
                                "one " + uri("shard", "a"), "one " + uri("shard", "b"), "two " + uri("recipes", "c"));
                assertThat(strings(database, "select bytes || ' ' || published from artifact"))
                        .containsOnly("7 true")
                        .hasSize(3);
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
