package io.peregrine.work.quarkus;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.peregrine.work.jobs.Database;
import java.util.ArrayList;
import java.util.List;
import org.jboss.logging.Logger;

/// Metrics of the size of a service's tables and of the rows that retention removed.
///
/// Row counts are PostgreSQL's own estimates: counting rows would read every table.
public final class TableMeters {
    private static final Logger LOG = Logger.getLogger(TableMeters.class);

    private final MeterRegistry registry;
    private final Database database;
    private final MultiGauge rows;
    private final MultiGauge bytes;

    private record Table(String name, double rows, double bytes) {}

    public TableMeters(MeterRegistry registry, Database database) {
        this.registry = registry;
        this.database = database;
        this.rows = MultiGauge.builder("peregrine.table.rows")
                .description("Estimated rows of a table; absent until PostgreSQL has analyzed the table")
                .register(registry);
        this.bytes = MultiGauge.builder("peregrine.table.size")
                .baseUnit("bytes")
                .description("Bytes of a table including its indexes")
                .register(registry);
    }

    void removed(String table, long rows) {
        Counter.builder("peregrine.retention.removed.rows")
                .description("Rows that retention removed because they were too old or too many")
                .tag("table", table)
                .register(registry)
                .increment(rows);
    }

    /// Reads the sizes. While the database is unavailable the last values are kept.
    public void measure() {
        try {
            List<MultiGauge.Row<?>> estimates = new ArrayList<>();
            List<MultiGauge.Row<?>> sizes = new ArrayList<>();
            for (Table table : tables()) {
                Tags tags = Tags.of("table", table.name());
                // -1 means never analyzed; then no value is reported.
                if (table.rows() >= 0) {
                    estimates.add(MultiGauge.Row.of(tags, table.rows()));
                }
                sizes.add(MultiGauge.Row.of(tags, table.bytes()));
            }
            rows.register(estimates, true);
            bytes.register(sizes, true);
        } catch (RuntimeException unavailable) {
            LOG.debugf("Cannot measure tables, retrying later: %s", unavailable.getMessage());
        }
    }

    private List<Table> tables() {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("""
                        select relname, reltuples, pg_total_relation_size(oid) as bytes from pg_class
                        where relnamespace = current_schema()::regnamespace and relkind = 'r'
                          and relname <> 'flyway_schema_history'""")
                        .map((row, context) ->
                                new Table(row.getString("relname"), row.getDouble("reltuples"), row.getDouble("bytes")))
                        .list());
    }
}
