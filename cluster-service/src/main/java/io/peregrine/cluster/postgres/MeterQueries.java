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
    /// The most classes and clusters that get series of their own: a dataset may have ten thousand.
    static final int LABELS = 200;

    private final Database database;

    MeterQueries(Database database) {
        this.database = database;
    }

    /// A run that is running.
    ///
    /// @param stage of its newest progress
    /// @param silentSeconds since anything was heard of it
    public record Running(String run, String dataset, String stage, double silentSeconds) {}

    /// A class of the set that was balanced last.
    public record ClassRows(String label, long real, long synthetic) {}

    /// The clusters that were computed last.
    ///
    /// @param clusters the largest [#LABELS] by name
    /// @param measures by name and split, such as `nmi.test`
    public record Latest(int iterations, double inertia, Map<String, Cluster> clusters, Map<String, Double> measures) {}

    /// @param purity share of the cluster's most frequent class
    public record Cluster(long size, double purity) {}

    /// @return how many runs are in each state
    public Map<String, Long> states() {
        Map<String, Long> states = new TreeMap<>(Map.of("running", 0L, "completed", 0L, "failed", 0L, "cancelled", 0L));
        database.jdbi()
                .useHandle(sql -> sql.createQuery("select state, count(*) as runs from run group by state")
                        .map((rs, context) -> Map.entry(rs.getString("state"), rs.getLong("runs")))
                        .forEach(entry -> states.put(entry.getKey(), entry.getValue())));
        return states;
    }

    /// @return at most 100, the newest
    public List<Running> running() {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("""
                        select r.id, r.dataset,
                            coalesce(
                                (select p.stage from progress p where p.run = r.id order by p.time desc limit 1),
                                'ingest') as stage,
                            greatest(0, extract(epoch from now() - coalesce(
                                (select max(t.time) from timeline t where t.run = r.id), r.created))) as silent
                        from run r where r.state = 'running' order by r.created desc limit 100""")
                        .map((rs, context) -> new Running(
                                rs.getString("id"),
                                rs.getString("dataset"),
                                rs.getString("stage"),
                                rs.getDouble("silent")))
                        .list());
    }

    /// @return the largest [#LABELS] in label order; none before the first set was balanced
    public List<ClassRows> classes() {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("""
                        select * from (
                            select label, coalesce(train, 0) as train, synthetic, place from class
                            where synthetic is not null and run = (
                                select run.id from run where exists (
                                    select from class where class.run = run.id and synthetic is not null)
                                order by created desc limit 1)
                            order by coalesce(train, 0) + synthetic desc, place limit :most) largest
                        order by place""")
                        .bind("most", LABELS)
                        .map((rs, context) ->
                                new ClassRows(rs.getString("label"), rs.getLong("train"), rs.getLong("synthetic")))
                        .list());
    }

    public Optional<Latest> latest() {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("select * from clustering order by time desc limit 1")
                        .map((rs, context) -> new Latest(
                                rs.getInt("iterations"),
                                rs.getDouble("inertia"),
                                clusters(sql, rs.getString("run")),
                                Catalogue.measures(rs.getString("measures"))))
                        .findOne());
    }

    private static Map<String, Cluster> clusters(Handle sql, String run) {
        Map<String, Cluster> clusters = new TreeMap<>();
        sql.createQuery("select name, size, purity from cluster where run = :run order by size desc, index limit :most")
                .bind("run", run)
                .bind("most", LABELS)
                .map((rs, context) ->
                        Map.entry(rs.getString("name"), new Cluster(rs.getLong("size"), rs.getDouble("purity"))))
                .forEach(entry -> clusters.put(entry.getKey(), entry.getValue()));
        return clusters;
    }
}
