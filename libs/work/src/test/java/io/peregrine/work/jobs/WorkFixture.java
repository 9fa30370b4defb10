package io.peregrine.work.jobs;

import static org.awaitility.Awaitility.await;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.CloudEvent;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.ShardWritten;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import io.peregrine.events.UnreadableEventException;
import io.peregrine.platform.LocalPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.postgresql.ds.PGSimpleDataSource;

/// A real PostgreSQL with the tables of libs/work, empty for each test.
public final class WorkFixture implements AutoCloseable {
    public static final ArtifactRef REF =
            new ArtifactRef("store:shard/ab/" + "ab".repeat(32) + ".x", "ab".repeat(32), 7);

    public static final Set<String> KINDS = Set.of("note", "shard");

    private final Path folder;
    public final LocalPostgres postgres;
    public final Database database;

    /// Number of connections requested; every transaction takes one, even if it is refused.
    final AtomicInteger connections = new AtomicInteger();

    @SuppressWarnings("serial")
    private static final class ObservedSource extends PGSimpleDataSource {
        private final transient Runnable before;

        ObservedSource(Runnable before) {
            this.before = before;
        }

        @Override
        public Connection getConnection() throws SQLException {
            before.run();
            return super.getConnection();
        }
    }

    private WorkFixture(Path folder) throws IOException {
        this.folder = folder;
        this.postgres = LocalPostgres.start(folder.resolve("postgres"), 0);
        DataSource source = source(connections::incrementAndGet);
        this.database = new Database(source);
        migrations(source).load().migrate();
    }

    /// @param before runs before each connection; the connection throws its exceptions
    DataSource source(Runnable before) {
        PGSimpleDataSource source = new ObservedSource(before);
        source.setUrl(postgres.url());
        source.setUser("ingest");
        source.setPassword(postgres.password("ingest"));
        source.setConnectTimeout(2);
        return source;
    }

    public static FluentConfiguration migrations(DataSource source) {
        return Flyway.configure()
                .dataSource(source)
                .locations("db/work")
                .placeholders(Map.of("kinds", String.join(",", KINDS)));
    }

    public static WorkFixture start() {
        try {
            Path folder = Files.createTempDirectory("peregrine-work-");
            return new WorkFixture(folder);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    public void clear() {
        database.jdbi()
                .useHandle(
                        sql -> sql.execute(
                                "truncate inbox, job, outbox, quarantine, audit, ended_run, run_turn, artifact, needed, tombstone restart identity"));
    }

    /// Executes statements in the database as its owner.
    public void administer(List<String> statements) {
        try (Connection connection = postgres.connect("postgres");
                Statement sql = connection.createStatement()) {
            // Needed while new sessions are read-only.
            sql.execute("set default_transaction_read_only = off");
            for (String statement : statements) {
                sql.execute(statement);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Waits until `more` further transactions were attempted.
    public void awaitTries(int more) {
        int before = connections.get();
        await().atMost(Duration.ofSeconds(30)).until(() -> connections.get() >= before + more);
    }

    public static RunRef run(String name) {
        return new RunRef(EventCodec.eventId(name, "", ""), name, REF);
    }

    public static ShardWritten shard(RunRef run, int index) {
        return new ShardWritten(run, index, 100, REF, 1);
    }

    public void add(RunRef run, String kind, String key) {
        database.useTransaction("the-cause", tx -> tx.add(new Job.New(run, kind, key, key)));
    }

    /// A record as the broker would deliver it.
    public static ConsumerRecord<String, byte[]> delivered(String id, PipelineEvent event) {
        ProducerRecord<String, byte[]> sent = EventCodec.write(new CloudEvent(
                id,
                "/test",
                event.type(),
                Instant.now(),
                event.run().id(),
                event.run().id(),
                null,
                event));
        ConsumerRecord<String, byte[]> record = bytes(sent.topic(), Math.abs(id.hashCode()), sent.value());
        sent.headers().forEach(record.headers()::add);
        return record;
    }

    /// A state in which the database is reachable but refuses statements. `refuse` enters the state and `admit`
    /// leaves it.
    ///
    /// @param state expected SQLSTATE
    public record Refusal(String state, List<String> refuse, List<String> admit) {}

    static List<Refusal> refusals() {
        return List.of(
                new Refusal(
                        "25006",
                        List.of("alter database peregrine set default_transaction_read_only = on"),
                        List.of("alter database peregrine reset default_transaction_read_only")),
                new Refusal("28000", List.of("alter role ingest nologin"), List.of("alter role ingest login")),
                new Refusal(
                        "42501",
                        List.of("revoke all on all tables in schema ingest from ingest"),
                        List.of("grant all on all tables in schema ingest to ingest")),
                new Refusal(
                        "42P01",
                        List.of("alter role ingest set search_path = pg_catalog"),
                        List.of("alter role ingest set search_path = ingest")));
    }

    public static ConsumerRecord<String, byte[]> bytes(String topic, long offset, byte[] value) {
        return new ConsumerRecord<>(
                topic,
                0,
                offset,
                1_700_000_000_000L,
                TimestampType.CREATE_TIME,
                0,
                value == null ? -1 : value.length,
                null,
                value,
                new RecordHeaders(),
                Optional.empty());
    }

    public long count(String query) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery(query).mapTo(Long.class).one());
    }

    public List<String> strings(String query) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery(query).mapTo(String.class).list());
    }

    /// @return the events in the outbox of one type
    <E> List<E> outboxEvents(Class<E> type) {
        return database.jdbi()
                .withHandle(sql -> sql
                        .createQuery("select type, data from outbox")
                        .map((row, context) -> {
                            try {
                                return EventCodec.event(row.getString("type"), row.getBytes("data"));
                            } catch (UnreadableEventException e) {
                                throw new IllegalStateException(e);
                            }
                        })
                        .list()
                        .stream()
                        .filter(type::isInstance)
                        .map(type::cast)
                        .toList());
    }

    /// @return the job table as a worker of these kinds uses it
    Jobs jobs(String worker, Duration lease, String... kinds) {
        return new Jobs(database, Stage.TRAIN, worker, lease, turns(kinds));
    }

    /// @return reports of waits as a worker of these kinds publishes them
    WaitReports waitReports(String... kinds) {
        return new WaitReports(database, Stage.TRAIN, turns(kinds));
    }

    private static FairShare turns(String... kinds) {
        return new FairShare(List.of(kinds), "", FairShare.DEFAULT_QUANTUM);
    }

    /// @return a worker whose jobs publish into a folder of this fixture
    Worker worker(String name, Duration lease, String kind, Work work) {
        return worker(name, lease, artifacts(), kind, work);
    }

    public Worker worker(String name, Duration lease, JobArtifacts artifacts, String kind, Work work) {
        return new Worker(database, name, Stage.BALANCE, lease, artifacts, List.of(handler(kind, work)));
    }

    /// @return artifacts in a folder of this fixture
    JobArtifacts artifacts() {
        return new JobArtifacts(store(), KINDS);
    }

    /// @return files of this kind in that folder
    List<ArtifactStore.Stored> stored(String kind) {
        return store().list(kind);
    }

    private FileStore store() {
        return new FileStore(folder.resolve("store"));
    }

    /// Claims the next job.
    ///
    /// @return the job as its handler sees it; its lease is not renewed
    JobContext claim(Jobs jobs) {
        return context(jobs.claim().orElseThrow());
    }

    /// @return the job as its handler sees it; after a checkpoint its lease expires at once
    JobContext context(Jobs.Claim claim) {
        return new JobContext(new FencedWrites(database, Duration.ofMillis(1)), artifacts(), claim, System::nanoTime);
    }

    @FunctionalInterface
    public interface Work {
        void work(JobContext job) throws Exception;
    }

    /// A job without an end that checks between its pieces of work whether to stop.
    ///
    /// @throws JobStoppedException always, in the end
    static void workUntilStopped(JobContext job) throws InterruptedException {
        while (true) {
            job.check();
            // Not a wait: a piece of work. It is short beside a lease.
            Thread.sleep(10);
        }
    }

    static JobHandler handler(String kind, Work work) {
        return new JobHandler() {
            @Override
            public String kind() {
                return kind;
            }

            @Override
            public void work(JobContext job) throws Exception {
                work.work(job);
            }
        };
    }

    @Override
    public void close() {
        postgres.close();
    }
}
