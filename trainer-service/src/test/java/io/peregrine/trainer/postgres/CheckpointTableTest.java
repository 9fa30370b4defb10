package io.peregrine.trainer.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.RunRef;
import io.peregrine.platform.LocalPostgres;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Which checkpoints are kept.
class CheckpointTableTest {
    private static final RunRef RUN = new RunRef("a".repeat(32), "a \0 in its name", ref("run", 'a'));

    @TempDir
    Path folder;

    private LocalPostgres postgres;
    private FluentConfiguration flyway;
    private Handle sql;

    @BeforeEach
    void start() {
        postgres = LocalPostgres.start(folder.resolve("postgres"), 0);
        flyway = Flyway.configure()
                .dataSource(postgres.url(), "trainer", postgres.password("trainer"))
                .locations("db/work", "db/trainer")
                .placeholders(Map.of("kinds", "checkpoint"));
        sql = Jdbi.create(postgres.url(), "trainer", postgres.password("trainer"))
                .open();
    }

    @AfterEach
    void stop() {
        sql.close();
        postgres.close();
    }

    private static ArtifactRef ref(String kind, char digit) {
        String sha256 = String.valueOf(digit).repeat(64);
        return new ArtifactRef("store:%s/%s/%s.x".formatted(kind, sha256.substring(0, 2), sha256), sha256, 7);
    }

    private static CheckpointPublished published(Network network, int epoch, boolean best, boolean last, char bytes) {
        return new CheckpointPublished(
                RUN, network, epoch, 9, best, last, ref("checkpoint", bytes), Map.of("loss", 1.0), null);
    }

    /// @return the digits of the network's files that are kept
    private String publish(int epoch, boolean best, char bytes) {
        return digits(CheckpointTable.published(sql, published(Network.CLASSIFIER, epoch, best, false, bytes)));
    }

    private static String digits(List<String> uris) {
        return uris.stream()
                .map(uri -> uri.substring(uri.length() - 3, uri.length() - 2))
                .sorted()
                .reduce("", String::concat);
    }

    private List<String> strings(String query) {
        return sql.createQuery(query).mapTo(String.class).list();
    }

    @Test
    void keepsBestAndNewestAlsoAfterRepetitions() {
        flyway.load().migrate();
        assertThat(publish(1, true, '1')).isEqualTo("1");
        assertThat(publish(2, true, '2')).isEqualTo("2");
        assertThat(publish(3, false, '3')).isEqualTo("23");
        // A restarted training publishes its epochs again; on another machine they have other bytes.
        assertThat(publish(1, true, '1')).isEqualTo("23");
        assertThat(publish(2, true, 'f')).isEqualTo("23");
        assertThat(publish(3, true, '3')).isEqualTo("23");
        assertThat(publish(4, false, '4')).isEqualTo("24");
        // The other network is independent.
        assertThat(digits(CheckpointTable.published(sql, published(Network.AUTOENCODER, 1, true, false, 'a'))))
                .isEqualTo("a");
        assertThat(publish(5, true, '5')).isEqualTo("5");
        // An epoch that changed nothing has the same bytes as the one before.
        assertThat(publish(6, false, '5')).isEqualTo("55");
        assertThat(publish(7, true, '5')).isEqualTo("5");
        assertThat(CheckpointTable.kept(sql, RUN.id()))
                .extracting(c -> c.network() + " " + c.epoch())
                .containsExactly("classifier 7", "autoencoder 1");
        assertThat(CheckpointTable.find(sql, RUN.id(), "classifier", 4))
                .hasValueSatisfying(c -> assertThat(c.kept()).isFalse());
    }

    @Test
    void endOfRestartedTrainingReplacesAPublishedEpoch() {
        flyway.load().migrate();
        publish(1, false, '1');
        publish(2, true, '2');
        publish(3, false, '3');
        assertThat(publish(4, false, '4')).isEqualTo("24");
        CheckpointPublished end = published(Network.CLASSIFIER, 3, false, true, 'e');
        assertThat(digits(CheckpointTable.published(sql, end))).isEqualTo("2e");
        assertThat(digits(CheckpointTable.published(sql, end))).isEqualTo("2e");
        assertThat(CheckpointTable.kept(sql, RUN.id()))
                .extracting(c -> c.epoch() + (c.last() ? ", last" : ""))
                .containsExactly("2", "3, last");
    }

    @Test
    void keepsBestAndNewestOfRunsOlderThanTheTable() {
        flyway.target("20261126.80").load().migrate();
        insertOld(published(Network.CLASSIFIER, 1, true, false, '1'));
        insertOld(published(Network.CLASSIFIER, 2, true, false, '2'));
        insertOld(published(Network.CLASSIFIER, 3, false, false, '3'));
        insertOld(published(Network.CLASSIFIER, 4, false, true, '4'));
        insertOld(published(Network.AUTOENCODER, 1, false, false, 'a'));
        insertOld(published(Network.AUTOENCODER, 2, false, false, 'b'));
        sql.execute(
                "insert into job (run, run_ref, kind, key, payload, state) values (?, '', 'train', 'classifier', '', 'done'),"
                        + " (?, '', 'train', 'autoencoder', '', 'running')",
                RUN.id(),
                RUN.id());
        sql.execute("insert into artefact (uri, bytes) values ('store:checkpoint/99/9.x', 7)");
        sql.execute("insert into needed (run, uri) values ('of another', 'store:checkpoint/99/9.x')");
        sql.execute(
                "insert into needed (run, uri) values ('of another', ?)",
                ref("checkpoint", '1').uri());

        flyway.target("latest").load().migrate();

        assertThat(strings("select network || ' ' || epoch from checkpoint where kept order by 1"))
                .containsExactly("autoencoder 2", "classifier 2", "classifier 4");
        assertThat(strings("select uri from needed where run <> 'of another' order by uri"))
                .containsExactly(
                        ref("checkpoint", '2').uri(),
                        ref("checkpoint", '4').uri(),
                        ref("checkpoint", 'b').uri());
        assertThat(strings("select uri from needed where run = 'of another' order by uri"))
                .containsExactly(ref("checkpoint", '1').uri(), "store:checkpoint/99/9.x");
        assertThat(strings("select key from needed join job on job.id = needed.job order by uri"))
                .containsExactly("classifier", "classifier", "autoencoder");
        assertThat(CheckpointTable.find(sql, RUN.id(), "classifier", 2))
                .hasValueSatisfying(c -> assertThat(c.weights()).isEqualTo(ref("checkpoint", '2')));
    }

    /// Inserts a checkpoint as it was stored in the outbox before, with its reference.
    private void insertOld(CheckpointPublished event) {
        sql.createUpdate("insert into outbox (id, run, type, terminal, data) values (:id, :run, :type, false, :data)")
                .bind("id", event.network() + "/" + event.epoch())
                .bind("run", RUN.id())
                .bind("type", event.type())
                .bind("data", EventCodec.data(event))
                .execute();
        sql.execute(
                "insert into artefact (uri, bytes, published) values (?, 7, true)",
                event.weights().uri());
        sql.execute(
                "insert into needed (run, uri) values (?, ?)",
                RUN.id(),
                event.weights().uri());
    }
}
