package io.peregrine.cluster.postgres;

import io.peregrine.artifacts.ClassBalance;
import io.peregrine.events.ArtifactRef;
import io.peregrine.work.jobs.Database;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;

/// Queries behind the metrics.
@ApplicationScoped
public class MeterQueries {
    /// Maximum number of classes and of clusters in metrics, which limits the number of label values.
    public static final int MAX_LABELS = 200;

    private final Database database;
    private final ClassArtifacts artifacts;

    MeterQueries(Database database, ClassArtifacts artifacts) {
        this.database = database;
        this.artifacts = artifacts;
    }

    /// A running run.
    ///
    /// @param stage stage of its newest progress
    /// @param silentSeconds seconds since its last event
    public record Running(String run, String dataset, String stage, double silentSeconds) {}

    /// A class of the last balanced set.
    public record ClassSize(String label, long real, long synthetic) {}

    /// The last balanced set.
    ///
    /// @param largest at most [#MAX_LABELS] classes
    /// @param omitted number of omitted classes
    public record Balanced(List<ClassSize> largest, int omitted) {}

    /// The last computed clusters.
    ///
    /// @param largest at most [#MAX_LABELS] clusters, by name
    /// @param omitted number of omitted clusters
    /// @param measures by name and split, such as `nmi.test`
    public record Latest(
            int iterations, double inertia, Map<String, Cluster> largest, int omitted, Map<String, Double> measures) {}

    /// @param purity share of the cluster's most frequent class; null without images
    public record Cluster(long size, Double purity) {}

    /// @return number of runs in each state
    public Map<String, Long> states() {
        Map<String, Long> states = new TreeMap<>(Map.of("running", 0L, "completed", 0L, "failed", 0L, "cancelled", 0L));
        database.jdbi()
                .useHandle(sql -> sql.createQuery("select state, count(*) as runs from run group by state")
                        .map((rs, context) -> Map.entry(rs.getString("state"), rs.getLong("runs")))
                        .forEach(entry -> states.put(entry.getKey(), entry.getValue())));
        return states;
    }

    /// @return the newest running runs, at most 100
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

    /// @return no classes before the first balanced set
    public Balanced balanced() {
        Optional<String> newest = database.jdbi()
                .withHandle(sql -> sql.createQuery("""
                        select balance from run where balance is not null order by created desc limit 1""").mapTo(String.class).findOne());
        List<ClassBalance> classes = newest.flatMap(
                        ref -> artifacts.balance(RunProjection.read(ref, ArtifactRef.class)))
                .orElse(List.of());
        List<ClassSize> largest = classes.stream()
                .sorted(Comparator.comparingLong(ClassBalance::after).reversed())
                .limit(MAX_LABELS)
                .map(one -> new ClassSize(one.label(), one.real(), one.synthetic()))
                .toList();
        return new Balanced(largest, classes.size() - largest.size());
    }

    public Optional<Latest> latest() {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("select * from clustering order by time desc limit 1")
                        .map((rs, context) -> new Latest(
                                rs.getInt("iterations"),
                                rs.getDouble("inertia"),
                                clusters(sql, rs.getString("run")),
                                Math.max(0, rs.getInt("k") - MAX_LABELS),
                                RunProjection.measures(rs.getString("measures"))))
                        .findOne());
    }

    private static Map<String, Cluster> clusters(Handle sql, String run) {
        Map<String, Cluster> clusters = new TreeMap<>();
        sql.createQuery("""
                        select name, size, purity from cluster where run = :run order by size desc, index limit :most""")
                .bind("run", run)
                .bind("most", MAX_LABELS)
                .map((rs, context) -> Map.entry(
                        rs.getString("name"), new Cluster(rs.getLong("size"), (Double) rs.getObject("purity"))))
                .forEach(entry -> clusters.put(entry.getKey(), entry.getValue()));
        return clusters;
    }
}
