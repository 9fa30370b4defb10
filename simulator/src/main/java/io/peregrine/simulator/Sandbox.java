package io.peregrine.simulator;

import io.peregrine.simulator.disk.SimulatedDisk;
import io.peregrine.work.jobs.Database;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.jdbi.v3.core.Jdbi;
import org.postgresql.ds.PGSimpleDataSource;

/// A database with the four services' schemas, migrated like the services', and a disk. Creating a sandbox is
/// slow, so many schedules use it one after another. One thread uses it at a time.
final class Sandbox implements AutoCloseable {
    /// Overrides PostgreSQL's `now()`, because its schema is earlier in the search path.
    private static final String CLOCK = """
            create schema simulated_clock;
            create function simulated_clock.now() returns timestamptz language sql stable
                as $$ select current_setting('simulated.now')::timestamptz $$;
            grant usage on schema simulated_clock to public;
            """;

    /// Records each write to a job by a process other than the one that holds its claim. One such write is
    /// allowed: cancelling a job of an ended run after its lease has expired, because its worker is dead.
    private static final String STALE = """
            create table SERVICE.simulated_stale (what text);
            create function SERVICE.simulated_note() returns trigger language plpgsql security definer as '
                begin
                    insert into SERVICE.simulated_stale values (
                        old.kind || '' '' || old.key || '' of '' || old.worker || '' by ''
                            || current_setting(''simulated.process''));
                    return new;
                end';
            create trigger simulated_note before update on SERVICE.job for each row
                when (old.state = 'running' and new.fence = old.fence
                    and old.worker <> current_setting('simulated.process')
                    and not (new.state = 'cancelled' and old.lease_until < simulated_clock.now()))
                execute function SERVICE.simulated_note();
            """;

    private static final int REUSES_BEFORE_VACUUM = 100;

    private final Path folder;
    private final Connection adminConnection;
    private final Jdbi admin;
    private final String reset;
    private final List<String> tables;
    private final Map<Service, SimulatedDatabase> sources = new EnumMap<>(Service.class);
    private final Map<Service, Database> databases = new EnumMap<>(Service.class);
    private final SimulatedClock clock = new SimulatedClock();
    private final SimulatedDisk disk;
    private Consumer<String> diskPoint = operation -> {};
    private int uses;

    /// @param postgres server in which the database is created
    /// @param name name of the database
    /// @param folder folder for the disk's files
    Sandbox(EmbeddedPostgres postgres, String name, Path folder) throws IOException, SQLException {
        this.folder = folder;
        try (Connection connection = postgres.getPostgresDatabase().getConnection();
                Statement sql = connection.createStatement()) {
            sql.execute("create database " + name);
            sql.execute("alter database %s set simulated.now = '%s'".formatted(name, clock.now()));
            sql.execute("alter database %s set simulated.skew = '0'".formatted(name));
            sql.execute("alter database %s set simulated.process = ''".formatted(name));
            for (Service service : Service.values()) {
                try {
                    sql.execute("create role %s login password '%s'".formatted(service.schema(), service.schema()));
                } catch (SQLException exists) {
                    // Roles belong to the server; another sandbox has created this one.
                }
            }
        }
        // One connection is kept, because the oracle and the end of a schedule send some hundred queries.
        adminConnection = source(postgres, name, "postgres", null).getConnection();
        admin = Jdbi.create(adminConnection);
        admin.useHandle(sql -> sql.createScript(CLOCK).execute());
        for (Service service : Service.values()) {
            admin.useHandle(sql ->
                    sql.execute("create schema %s authorization %s".formatted(service.schema(), service.schema())));
            DataSource source = source(postgres, name, service.schema(), service.schema());
            Flyway.configure()
                    .dataSource(source)
                    .locations(service.migrations())
                    .placeholders(Map.of("kinds", String.join(",", service.kinds())))
                    .load()
                    .migrate();
            admin.useHandle(sql ->
                    sql.createScript(STALE.replace("SERVICE", service.schema())).execute());
            SimulatedDatabase simulated = new SimulatedDatabase(source, clock);
            sources.put(service, simulated);
            databases.put(service, new Database(simulated));
        }
        admin.useHandle(sql -> sql.execute("create table trainer.simulated_epoch (place bigint generated always as"
                + " identity, run text, network text, epoch int, fence bigint)"));
        admin.useHandle(sql -> sql.execute("alter table trainer.simulated_epoch owner to trainer"));
        tables = strings("select table_schema || '.\"' || table_name || '\"' from information_schema.tables where"
                + " table_schema in ('ingest', 'balance', 'trainer', 'cluster') and table_type = 'BASE TABLE'"
                + " and table_name not like 'flyway%' order by 1");
        reset = reset();
        disk = new SimulatedDisk(folder.resolve("disk"), operation -> {
            Activity activity = Activity.current();
            if (activity != null) {
                activity.checkAlive();
                diskPoint.accept(operation);
            }
        });
    }

    /// @param point called at each operation of the disk
    void onDisk(Consumer<String> point) {
        diskPoint = point;
    }

    private static DataSource source(EmbeddedPostgres postgres, String name, String user, String schema) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl("jdbc:postgresql://127.0.0.1:%d/%s".formatted(postgres.getPort(), name));
        source.setUser(user);
        source.setPassword(user);
        source.setPrepareThreshold(2);
        if (schema != null) {
            source.setOptions("-c search_path=%s,simulated_clock,pg_catalog -c lock_timeout=15".formatted(schema));
        }
        return source;
    }

    private String reset() {
        StringBuilder script = new StringBuilder("set session_replication_role = replica;");
        tables.forEach(table -> script.append("delete from ").append(table).append(';'));
        strings("select schemaname || '.' || sequencename from pg_sequences where schemaname in"
                        + " ('ingest', 'balance', 'trainer', 'cluster')")
                .forEach(sequence -> script.append("select setval('%s', 1, false);".formatted(sequence)));
        return script.append("set session_replication_role = origin").toString();
    }

    /// Restores the state after the migrations.
    void clear(SimulatedDisk.Ignored fsync) throws IOException, SQLException {
        clock.reset();
        disk.clear(fsync);
        admin.useHandle(sql -> {
            try (Statement statement = sql.getConnection().createStatement()) {
                statement.execute(uses % REUSES_BEFORE_VACUUM == 0 ? "truncate " + String.join(",", tables) : "select");
                statement.execute(reset);
            }
        });
        uses++;
    }

    private List<String> strings(String query) {
        return admin.withHandle(
                sql -> sql.createQuery(query).mapTo(String.class).list());
    }

    /// @return access to the database without faults, for setup and checks
    Jdbi admin() {
        return admin;
    }

    /// @return all tables of the services
    List<String> tables() {
        return new ArrayList<>(tables);
    }

    SimulatedDatabase source(Service service) {
        return sources.get(service);
    }

    Database database(Service service) {
        return databases.get(service);
    }

    SimulatedClock clock() {
        return clock;
    }

    SimulatedDisk disk() {
        return disk;
    }

    @Override
    public void close() throws SQLException, IOException {
        for (SimulatedDatabase source : sources.values()) {
            source.close();
        }
        adminConnection.close();
        Files.createDirectories(folder);
    }
}
