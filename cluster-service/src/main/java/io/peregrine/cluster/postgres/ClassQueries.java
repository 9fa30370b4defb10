package io.peregrine.cluster.postgres;

import io.peregrine.artifacts.ClassBalance;
import io.peregrine.artifacts.ClassResults;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.TestMeasures;
import io.peregrine.rest.Cursor;
import io.peregrine.rest.Page;
import io.peregrine.work.jobs.Database;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jdbi.v3.core.Handle;

/// Queries about a run's classes: rows of the catalogue joined with artifacts.
@ApplicationScoped
public class ClassQueries {
    private final Database database;
    private final ClassArtifacts artifacts;

    ClassQueries(Database database, ClassArtifacts artifacts) {
        this.database = database;
        this.artifacts = artifacts;
    }

    /// A nonzero cell of the confusion matrix.
    public record ConfusionCell(
            @Schema(description = "True class") String truth,
            @Schema(description = "Predicted class") String predicted,
            @Schema(description = "Number of test images") long count) {}

    /// References to artifacts about a run's classes; null if they do not exist yet.
    record Refs(ArtifactRef balance, ArtifactRef results) {}

    private record Found(Refs refs, List<ClassRows.Row> rows) {}

    /// @return classes in label order, with all data known so far
    public Page<RunDetails.ClassSizes> page(String run, Cursor after, int limit) {
        long last = after == null ? -1 : after.number(0);
        Found found =
                database.jdbi().withHandle(sql -> new Found(refs(sql, run), ClassRows.page(sql, run, last, limit + 1)));
        return Page.of(join(found.rows(), found.refs()), limit, one -> Cursor.after(one.index()));
    }

    /// @return names of all classes in label order
    public List<String> names(String run) {
        return database.jdbi()
                .withHandle(sql -> ClassRows.page(sql, run, -1, Integer.MAX_VALUE).stream()
                        .map(ClassRows.Row::label)
                        .toList());
    }

    /// @return whether the run's classifier was tested
    public boolean isTested(String run) {
        return database.jdbi().withHandle(sql -> refs(sql, run)).results() != null;
    }

    /// @return number of the run's test images; empty if the dataset is not sealed yet
    public Optional<Long> testImages(String run) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("select test_images from run where id = :run")
                        .bind("run", run)
                        .mapTo(Long.class)
                        .findOne());
    }

    /// @return nonzero cells of the confusion matrix in label order of truth, then of prediction; empty, if their
    ///     artifact is missing
    public Optional<Page<ConfusionCell>> confusion(String run, Cursor after, int limit) {
        Refs refs = database.jdbi().withHandle(sql -> refs(sql, run));
        List<String> names = names(run);
        // Without class names, which arrive with the images, cells are meaningless.
        return artifacts
                .results(refs.results())
                .filter(results -> results.classes() == names.size())
                .map(results -> {
                    int first = after == null ? 0 : (int) Math.clamp(after.number(0) + 1, 0, results.cells());
                    int end = Math.min(results.cells(), first + limit);
                    List<ConfusionCell> cells = new ArrayList<>();
                    for (int cell = first; cell < end; cell++) {
                        cells.add(new ConfusionCell(
                                names.get(results.truth(cell)),
                                names.get(results.predicted(cell)),
                                results.count(cell)));
                    }
                    return new Page<>(
                            cells, end < results.cells() ? Cursor.after(end - 1).text() : null);
                });
    }

    static Refs refs(Handle sql, String run) {
        return sql.createQuery("""
                        select balance, (select test from checkpoint where run = :run and network = 'classifier' and last
                            and test is not null limit 1) as test
                        from run where id = :run""")
                .bind("run", run)
                .map((rs, context) -> {
                    TestMeasures test = RunProjection.read(rs.getString("test"), TestMeasures.class);
                    return new Refs(
                            RunProjection.read(rs.getString("balance"), ArtifactRef.class),
                            test == null ? null : test.byClass());
                })
                .findOne()
                .orElse(new Refs(null, null));
    }

    /// Do not call inside a transaction: it reads files.
    List<RunDetails.ClassSizes> join(List<ClassRows.Row> rows, Refs refs) {
        if (rows.isEmpty()) {
            return List.of();
        }
        Map<String, ClassBalance> balances = new HashMap<>();
        artifacts.balance(refs.balance()).ifPresent(all -> all.forEach(one -> balances.put(one.label(), one)));
        ClassResults results = artifacts.results(refs.results()).orElse(null);
        return rows.stream()
                .map(row -> sizes(row, balances.get(row.label()), results))
                .toList();
    }

    private static RunDetails.ClassSizes sizes(ClassRows.Row row, ClassBalance balance, ClassResults results) {
        boolean known = balance != null;
        boolean tested = results != null && results.truths(row.place()) > 0;
        boolean predicted = results != null && results.predictions(row.place()) > 0;
        return new RunDetails.ClassSizes(
                row.place(),
                row.label(),
                row.train(),
                known ? balance.after() : null,
                known ? balance.synthetic() : null,
                known ? balance.before() - balance.real() : null,
                known ? balance.tiedRows() : null,
                row.test(),
                row.validation(),
                row.refused(),
                tested ? results.recall(row.place()) : null,
                predicted ? results.precision(row.place()) : null);
    }
}
