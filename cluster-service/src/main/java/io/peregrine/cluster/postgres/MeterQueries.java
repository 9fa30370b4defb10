package io.peregrine.cluster.postgres;

import io.peregrine.artifacts.ClassBalance;
import io.peregrine.events.ArtifactRef;
import io.peregrine.work.Database;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;

/// What the meters tell.
@ApplicationScoped
public class MeterQueries {
    /// So many classes, and so many clusters, are told; a label has no more values.
    public static final int MOST_LABELS = 200;

    private final Database database;
    private final ClassArtifacts artifacts;

    MeterQueries(Database database, ClassArtifacts artifacts) {
        this.database = database;
        this.artifacts = artifacts;
    }

    /// A run that is running.
    ///
    /// @param stage of its newest progress
    /// @param silentSeconds since anything was heard of it
    public record Running(String run, String dataset, String stage, double silentSeconds) {}

    /// A class of the set that was balanced last.
    public record ClassSize(String label, long real, long synthetic) {}

    /// The set that was balanced last.
    ///
    /// @param largest at most [#MOST_LABELS] classes
    /// @param omitted how many classes are left out
    public record Balanced(List<ClassSize> largest, int omitted) {}

    /// The clusters that were computed last.
    ///
    /// @param largest at most [#MOST_LABELS] clusters, by name
    /// @param omitted how many clusters are left out
    /// @param measures by name and split, such as `nmi.test`
    public record Latest(
            int iterations, double inertia, Map<String, Cluster> largest, int omitted, Map<String, Double> measures) {}

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

    /// @return no class before the first set was balanced
    public Balanced balanced() {
        Optional<String> newest = database.jdbi()
                .withHandle(sql -> sql.createQuery("""
                        select balance from run where balance is not null order by created desc limit 1""").mapTo(String.class).findOne());
        List<ClassBalance> classes = newest.flatMap(
                        ref -> artifacts.balance(RunProjection.read(ref, ArtifactRef.class)))
                .orElse(List.of());
        List<ClassSize> largest = classes.stream()
                .sorted(Comparator.comparingLong(ClassBalance::after).reversed())
                .limit(MOST_LABELS)
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
                                Math.max(0, rs.getInt("k") - MOST_LABELS),
                                RunProjection.measures(rs.getString("measures"))))
                        .findOne());
    }

    private static Map<String, Cluster> clusters(Handle sql, String run) {
        Map<String, Cluster> clusters = new TreeMap<>();
        sql.createQuery("""
                        select name, size, purity from cluster where run = :run order by size desc, index limit :most""")
                .bind("run", run)
                .bind("most", MOST_LABELS)
                .map((rs, context) ->
                        Map.entry(rs.getString("name"), new Cluster(rs.getLong("size"), rs.getDouble("purity"))))
                .forEach(entry -> clusters.put(entry.getKey(), entry.getValue()));
        return clusters;
    }
}
