package io.peregrine.cluster.postgres;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.artifacts.ClassResults;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FailureException;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.PipelineEvent.TestMeasures;
import io.peregrine.events.RunRef;
import io.peregrine.rest.Cursor;
import io.peregrine.rest.Page;
import io.peregrine.work.jobs.Database;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jdbi.v3.core.Handle;

/// Read-only queries behind the runs API.
@ApplicationScoped
public class RunQueries {
    private static final String SUMMARY = "select run.*, queued.* from run " + QueuedRuns.NEWEST;

    private final Database database;
    private final ArtifactStore store;
    private final ClassQueries classes;
    private final ClassArtifacts artifacts;

    RunQueries(Database database, ArtifactStore store, ClassQueries classes, ClassArtifacts artifacts) {
        this.database = database;
        this.store = store;
        this.classes = classes;
        this.artifacts = artifacts;
    }

    /// @param state state, or null for all
    /// @param dataset dataset, or null for all
    /// @return newest first
    public Page<RunSummary> runs(String state, String dataset, Cursor after, int limit) {
        List<RunSummary> rows = database.jdbi()
                .withHandle(sql -> sql.createQuery(SUMMARY + """

                         where (cast(:state as text) is null or state = :state)
                           and (cast(:dataset as text) is null or dataset = :dataset)
                           and (cast(:created as timestamptz) is null or (created, id) < (:created, :id))
                        order by created desc, id desc limit :limit""")
                        .bind("state", state)
                        .bind("dataset", dataset)
                        .bind("created", after == null ? null : after.time(0))
                        .bind("id", after == null ? null : after.part(1))
                        .bind("limit", limit + 1)
                        .map((rs, context) -> summary(rs))
                        .list());
        return Page.of(rows, limit, last -> Cursor.after(last.created(), last.run()));
    }

    public Optional<RunSummary> summary(String run) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery(SUMMARY + " where id = :id")
                        .bind("id", run)
                        .map((rs, context) -> summary(rs))
                        .findOne());
    }

    /// @return the reference to the run that its events carry
    public Optional<RunRef> reference(String run) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("select id, dataset, spec from run where id = :id")
                        .bind("id", run)
                        .map((rs, context) -> new RunRef(
                                rs.getString("id"),
                                rs.getString("dataset"),
                                RunProjection.read(rs.getString("spec"), ArtifactRef.class)))
                        .findOne());
    }

    /// An event in a run's timeline.
    public record TimelineEntry(
            long place,
            Instant time,
            String type,
            String source,
            String id,
            String text,

            @Schema(
                    description = "Who published the dataset or cancelled the run; omitted for events of the pipeline"
                            + " itself. Names received over Kafka are not authenticated")
            String by) {}

    /// @return every event of the run once, ordered by time
    public Page<TimelineEntry> timeline(String run, Cursor after, int limit) {
        List<TimelineEntry> rows = database.jdbi()
                .withHandle(sql -> sql.createQuery("""
                        select * from timeline where run = :run
                           and (cast(:time as timestamptz) is null or (time, place) > (:time, :place))
                        order by time, place limit :limit""")
                        .bind("run", run)
                        .bind("time", after == null ? null : after.time(0))
                        .bind("place", after == null ? 0 : after.number(1))
                        .bind("limit", limit + 1)
                        .map((rs, context) -> new TimelineEntry(
                                rs.getLong("place"),
                                instant(rs, "time"),
                                rs.getString("type"),
                                rs.getString("source"),
                                rs.getString("id"),
                                rs.getString("text"),
                                rs.getString("actor")))
                        .list());
        return Page.of(rows, limit, last -> Cursor.after(last.time(), last.place()));
    }

    /// @return all known data of the run, without links
    public Optional<RunDetails> details(String run) {
        // One transaction gives one consistent view of a running run.
        Optional<Stored> stored = database.jdbi()
                .inTransaction(
                        org.jdbi.v3.core.transaction.TransactionIsolationLevel.REPEATABLE_READ,
                        sql -> sql.createQuery(SUMMARY + " where id = :id")
                                .bind("id", run)
                                .map((rs, context) -> stored(sql, run, rs))
                                .findOne());
        return stored.map(this::withFiles);
    }

    /// Data of a run from rows, and references to artifacts with more of it.
    ///
    /// @param details without data from artifacts
    /// @param classes at most one more than the details include
    /// @param test measures of the classifier, or null
    private record Stored(
            RunDetails details,
            ArtifactRef spec,
            List<ClassRows.Row> classes,
            ClassQueries.Refs refs,
            TestMeasures test) {}

    private static Stored stored(Handle sql, String run, ResultSet rs) throws SQLException {
        RunSummary summary = summary(rs);
        TrainingRow classifier = training(sql, run, Network.CLASSIFIER);
        TrainingRow autoencoder = training(sql, run, Network.AUTOENCODER);
        RunDetails details = new RunDetails(
                summary,
                RunProjection.read(rs.getString("failure"), JsonNode.class),
                rs.getString("cancelled"),
                RunProjection.read(rs.getString("requested"), JsonNode.class),
                null,
                RunProjection.read(rs.getString("manifest"), ManifestRef.class),
                (Long) rs.getObject("test_images"),
                (Long) rs.getObject("duplicates_across_splits"),
                progress(sql, run),
                (Integer) rs.getObject("classes"),
                null,
                classifier == null ? null : classifier.training(),
                autoencoder == null ? null : autoencoder.withLoss(),
                clustering(sql, run).orElse(null),
                seconds(sql, run, summary),
                null);
        return new Stored(
                details,
                RunProjection.read(rs.getString("spec"), ArtifactRef.class),
                ClassRows.page(sql, run, -1, RunDetails.MOST_CLASSES + 1),
                ClassQueries.refs(sql, run),
                classifier == null ? null : classifier.test());
    }

    /// The specification and class data are artifacts. No file is read inside a transaction.
    private RunDetails withFiles(Stored stored) {
        RunDetails d = stored.details();
        boolean few = stored.classes().size() <= RunDetails.MOST_CLASSES;
        RunDetails.Training classifier = d.classifier();
        if (stored.test() != null) {
            ClassResults results =
                    few ? artifacts.results(stored.refs().results()).orElse(null) : null;
            classifier = classifier.with(result(stored.test(), stored.classes(), results));
        }
        return new RunDetails(
                d.summary(),
                d.failure(),
                d.cancelled(),
                d.requested(),
                spec(stored.spec()),
                d.manifest(),
                d.testImages(),
                d.duplicatesAcrossSplits(),
                d.progress(),
                d.classCount(),
                few ? classes.join(stored.classes(), stored.refs()) : null,
                classifier,
                d.autoencoder(),
                d.clustering(),
                d.seconds(),
                null);
    }

    private JsonNode spec(ArtifactRef ref) {
        try {
            return ref == null ? null : EventCodec.json().readTree(Files.readAllBytes(store.open(ref)));
        } catch (FailureException | IOException pruned) {
            // The run is still known; its request contains most of the specification.
            return null;
        }
    }

    private static RunDetails.TestResult result(TestMeasures test, List<ClassRows.Row> classes, ClassResults results) {
        boolean known = results != null && results.classes() == classes.size();
        return new RunDetails.TestResult(
                test.loss(),
                test.accuracy(),
                test.balancedAccuracy(),
                test.macroF1(),
                test.images(),
                known ? classes.stream().map(ClassRows.Row::label).toList() : null,
                known ? each(results, results::recall) : null,
                known ? each(results, results::precision) : null,
                known ? confusion(results) : null,
                test.byClass(),
                test.calibration() == null
                        ? null
                        : new RunDetails.Calibration(
                                test.calibration().error(),
                                test.calibration().correctedError(),
                                test.calibration().correctedAccuracy()));
    }

    private static List<Double> each(ClassResults results, IntToDoubleFunction share) {
        // A share that was not measured is null in JSON.
        return IntStream.range(0, results.classes())
                .mapToDouble(share)
                .mapToObj(value -> Double.isNaN(value) ? null : value)
                .toList();
    }

    private static List<List<Long>> confusion(ClassResults results) {
        long[][] counts = new long[results.classes()][results.classes()];
        for (int cell = 0; cell < results.cells(); cell++) {
            counts[results.truth(cell)][results.predicted(cell)] = results.count(cell);
        }
        return Arrays.stream(counts)
                .map(row -> Arrays.stream(row).boxed().toList())
                .toList();
    }

    private static List<RunDetails.Progress> progress(Handle sql, String run) {
        return sql.createQuery("""
                        select * from (select * from progress where run = :run order by time desc, stage, task limit 100) newest
                        order by time, stage, task""")
                .bind("run", run)
                .map((rs, context) -> new RunDetails.Progress(
                        rs.getString("stage"),
                        rs.getString("task"),
                        rs.getLong("done"),
                        rs.getLong("total"),
                        rs.getString("unit"),
                        RunProjection.measures(rs.getString("measures")),
                        instant(rs, "time")))
                .list();
    }

    private record TrainingRow(RunDetails.Training training, TestMeasures test) {
        /// An autoencoder has only a loss.
        RunDetails.Training withLoss() {
            return test == null
                    ? training
                    : training.with(new RunDetails.TestResult(
                            test.loss(), null, null, null, test.images(), null, null, null, null, null, null));
        }
    }

    /// @return null before the end of the first epoch
    private static TrainingRow training(Handle sql, String run, Network network) {
        record Row(RunDetails.Epoch epoch, int epochs, ArtifactRef weights, TestMeasures test) {}
        List<Row> rows = sql.createQuery(
                        "select * from checkpoint where run = :run and network = :network order by epoch")
                .bind("run", run)
                .bind("network", network.jsonName())
                .map((rs, context) -> new Row(
                        new RunDetails.Epoch(
                                rs.getInt("epoch"),
                                RunProjection.measures(rs.getString("measures")),
                                rs.getBoolean("best"),
                                rs.getBoolean("last"),
                                instant(rs, "time")),
                        rs.getInt("epochs"),
                        RunProjection.read(rs.getString("weights"), ArtifactRef.class),
                        RunProjection.read(rs.getString("test"), TestMeasures.class)))
                .list();
        if (rows.isEmpty()) {
            return null;
        }
        Row last = rows.stream().filter(row -> row.epoch().last()).findFirst().orElse(null);
        RunDetails.Training training = new RunDetails.Training(
                rows.getLast().epochs(),
                rows.stream().map(Row::epoch).toList(),
                last == null ? null : last.weights(),
                null);
        return new TrainingRow(training, last == null ? null : last.test());
    }

    private static Optional<RunDetails.Clustering> clustering(Handle sql, String run) {
        return sql.createQuery("select * from clustering where run = :run")
                .bind("run", run)
                .map((rs, context) -> new RunDetails.Clustering(
                        rs.getInt("k"),
                        rs.getInt("iterations"),
                        rs.getDouble("inertia"),
                        RunProjection.measures(rs.getString("measures")),
                        RunProjection.read(rs.getString("clusters"), ArtifactRef.class),
                        RunProjection.read(rs.getString("latents"), ArtifactRef.class)))
                .findOne();
    }

    private static Map<String, Double> seconds(Handle sql, String run, RunSummary summary) {
        Map<String, Instant> first = new TreeMap<>();
        sql.createQuery("""
                        select split_part(type, 'io.peregrine.', 2) as type, min(time) as time from timeline
                        where run = :run group by type
                        union all select network, max(time) from checkpoint where run = :run and last
                        group by network""")
                .bind("run", run)
                .map((rs, context) -> Map.entry(rs.getString("type"), instant(rs, "time")))
                .forEach(entry -> first.put(entry.getKey(), entry.getValue()));
        Instant ready = first.get("dataset.ready.v1");
        Instant sealed = first.get("dataset.sealed.v1");
        Instant balanced = first.get("dataset.balanced.v1");
        Instant encoder = first.get(Network.AUTOENCODER.jsonName());
        Instant classifier = first.get(Network.CLASSIFIER.jsonName());
        Instant trained =
                encoder == null || classifier == null ? null : encoder.isAfter(classifier) ? encoder : classifier;
        Map<String, Double> seconds = new LinkedHashMap<>();
        put(seconds, "ingest", ready, sealed);
        put(seconds, "balance", sealed, balanced);
        put(seconds, "train", balanced, trained);
        put(seconds, "cluster", encoder, first.get("clusters.computed.v1"));
        put(seconds, "total", summary.created(), summary.ended());
        return seconds;
    }

    private static void put(Map<String, Double> seconds, String stage, Instant from, Instant to) {
        if (from != null && to != null && !to.isBefore(from)) {
            seconds.put(stage, Duration.between(from, to).toMillis() / 1e3);
        }
    }

    private static RunSummary summary(ResultSet rs) throws SQLException {
        return new RunSummary(
                rs.getString("id"),
                rs.getString("dataset"),
                rs.getString("state"),
                instant(rs, "created"),
                instant(rs, "ended"),
                (Long) rs.getObject("images"),
                (Long) rs.getObject("refused"),
                QueuedRuns.read(rs));
    }

    static Instant instant(ResultSet rs, String column) throws SQLException {
        Timestamp time = rs.getTimestamp(column);
        return time == null ? null : time.toInstant();
    }
}
