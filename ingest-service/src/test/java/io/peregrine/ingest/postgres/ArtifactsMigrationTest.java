package io.peregrine.ingest.postgres;

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
    void listingsAndPacksOfEarlierRunsAreReferencedAndADeletedPackIsNotReused() throws SQLException {
        try (MigratedDatabase database = new MigratedDatabase(folder, "ingest")) {
            database.migrate("20261125");
            database.execute("""
                    insert into ingest_run (run, dataset, listing) values ('one', 'd', '%1$s'), ('two', 'd', '%1$s');
                    insert into made_pack (run, number, pixels, refusals) values
                        ('one', 0, '%2$s', '[]'), ('two', 0, '%2$s', '[]'), ('two', 1, '%3$s', '[]');
                    insert into decoded_pack (decode_key, pixels, refusals) values ('k', '%2$s', '[]')""".formatted(reference("listing", "a"), reference("pack", "b"), reference("pack", "c")));
            database.migrate("latest");

            assertThat(database.strings("select run || ' ' || uri from needed order by 1"))
                    .containsExactly(
                            "one " + uri("listing", "a"),
                            "one " + uri("pack", "b"),
                            "two " + uri("listing", "a"),
                            "two " + uri("pack", "b"),
                            "two " + uri("pack", "c"));
            assertThat(database.strings("select bytes || ' ' || published from artifact"))
                    .containsOnly("7 true")
                    .hasSize(3);
            // A deleted artifact cannot be reused: the same transaction deletes its decode key.
            database.execute("delete from needed");
            database.execute("delete from artifact where uri = '" + uri("pack", "b") + "'");
            assertThat(database.strings("select decode_key from decoded_pack")).isEmpty();
        }
    }
}
