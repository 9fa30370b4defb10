package io.peregrine.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.platform.LocalBroker;
import io.peregrine.platform.LocalPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Broker and database over folders with names that Kafka's properties or a shell could change.
class OddFoldersTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"a,b dätä\u00a0日本%41", "~it's:#=;&(x)*?[y] "})
    void brokerAndDatabaseStartAgainOnTheirFolders(String name) throws Exception {
        Path data = folder.resolve(name);
        for (int start = 0; start < 2; start++) {
            try (LocalBroker broker = LocalBroker.start(data.resolve("kafka"), 0);
                    LocalPostgres postgres = LocalPostgres.start(data.resolve("postgres"), 0);
                    Connection connection = postgres.connect("ingest")) {
                assertThat(broker.isAlive()).isTrue();
                assertThat(connection.isValid(5)).isTrue();
            }
        }
        assertThat(data.resolve("kafka/log/meta.properties")).exists();
        try (var entries = Files.list(folder)) {
            assertThat(entries).containsExactly(data);
        }
    }
}
