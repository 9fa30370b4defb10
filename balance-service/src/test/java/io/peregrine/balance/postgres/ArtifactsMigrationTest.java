package io.peregrine.balance.postgres;

import static io.peregrine.testkit.MigratedDatabase.reference;
import static io.peregrine.testkit.MigratedDatabase.uri;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.testkit.MigratedDatabase;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs from before references of runs to artifacts were stored.
class ArtifactsMigrationTest {
    @TempDir
    Path folder;

    @Test
    void shardsAndRecipesOfEarlierRunsAreReferencedByThem() throws SQLException {
        try (MigratedDatabase database = new MigratedDatabase(folder, "balance")) {
            database.migrate("20261125");
            database.execute(
                    """
                    insert into balance_run (run, manifest, shards) values ('one', '{}', '[%1$s, %2$s]'), ('two', '{}', null);
                    insert into balance_class (run, label, name, real_pictures, synthetic_pictures, recipes) values
                        ('two', 0, 'Cubism', 1, 1, '%3$s'), ('two', 1, 'Rococo', 1, 0, null)""".formatted(reference("shard", "a"), reference("shard", "b"), reference("recipes", "c")));
            database.migrate("latest");

            assertThat(database.strings("select run || ' ' || uri from needed order by 1"))
                    .containsExactly(
                            "one " + uri("shard", "a"), "one " + uri("shard", "b"), "two " + uri("recipes", "c"));
            assertThat(database.strings("select bytes || ' ' || published from artifact"))
                    .containsOnly("7 true")
                    .hasSize(3);
        }
    }
}
