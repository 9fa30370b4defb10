package io.peregrine.cluster.postgres;

import io.peregrine.work.Database;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;

/// What the meters tell.
@ApplicationScoped
public class MeterQueries {
    private final Database database;

    MeterQueries(Database database) {
        this.database = database;
    }

    /// A run that is running.
    public record Running(String run, String dataset) {}

    /// The clusters that were computed last.
    ///
    /// @param sizes by cluster name
    /// @param nmi by split
    public record Latest(int iterations, double inertia, Map<String, Long> sizes, Map<String, Double> nmi) {}

    /// @return at most 100, the newest
    public List<Running> running() {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("select id, dataset from run where state = 'running'"
                                + " order by created desc limit 100")
                        .map((rs, context) -> new Running(rs.getString("id"), rs.getString("dataset")))
                        .list());
    }

    public Optional<Latest> latest() {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("select * from clustering order by time desc limit 1")
                        .map((rs, context) -> new Latest(
                                rs.getInt("iterations"),
                                rs.getDouble("inertia"),
                                sizes(sql, rs.getString("run")),
                                nmi(rs.getString("measures"))))
                        .findOne());
    }

    private static Map<String, Long> sizes(Handle sql, String run) {
        Map<String, Long> sizes = new TreeMap<>();
        sql.createQuery("select name, size from cluster where run = :run")
                .bind("run", run)
                .map((rs, context) -> Map.entry(rs.getString("name"), rs.getLong("size")))
                .forEach(entry -> sizes.put(entry.getKey(), entry.getValue()));
        return sizes;
    }

    private static Map<String, Double> nmi(String measures) {
        Map<String, Double> nmi = new TreeMap<>();
        Catalogue.measures(measures).forEach((name, value) -> {
            if (name.startsWith("nmi.")) {
                nmi.put(name.substring("nmi.".length()), value);
            }
        });
        return nmi;
    }
}
