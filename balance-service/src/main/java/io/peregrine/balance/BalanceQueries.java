package io.peregrine.balance;

import io.peregrine.artifacts.BalancedRows;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.RunSpecs;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.balance.postgres.BalanceTables;
import io.peregrine.balance.postgres.BalanceTables.ClassRow;
import io.peregrine.balance.postgres.BalanceTables.RunRow;
import io.peregrine.balance.postgres.RemainingWork;
import io.peregrine.balance.postgres.SearchTables;
import io.peregrine.events.spec.RunSpec.BalanceSpec;
import io.peregrine.work.jobs.Database;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Read-only queries of runs for the REST API. The rows of the run that was read last are cached.
@ApplicationScoped
public class BalanceQueries {
    private final Database database;
    private final ArtifactStore store;
    private BalancedRows cached;
    private String cachedRun;

    BalanceQueries(Database database, ArtifactStore store) {
        this.database = database;
        this.store = store;
    }

    /// A planned run.
    public record Balance(RunRow row, BalanceSpec spec, Manifest manifest, List<ClassRow> classes) {
        public boolean isBalanced() {
            return !row.shards().isEmpty();
        }

        /// @return rows of the balanced set
        public long rows() {
            return classes.stream()
                    .mapToLong(one -> one.real() + one.synthetic() - one.dropped())
                    .sum();
        }

        /// @return rows that are neither blends nor repeats; they have the lowest ordinals
        public long realRows() {
            return classes.stream().mapToLong(one -> one.real() - one.dropped()).sum();
        }

        public long recipeBytes() {
            return PlanClasses.bytes(
                    rows(), classes.stream().mapToLong(ClassRow::synthetic).sum(), classes.size());
        }

        public long arrayBytes() {
            return rows() * 3 * manifest.side() * manifest.side() * Float.BYTES;
        }

        /// @return expected duration of the searches by one worker, according to the plan
        public double secondsPlanned() {
            long products = classes.stream().mapToLong(ClassRow::products).sum();
            return products == 0 ? 0 : products / (RemainingWork.EXPECTED_EFFICIENCY * row.productsPerSecond());
        }
    }

    public Optional<Balance> find(String run) throws IOException {
        Optional<RunRow> row = database.jdbi().withHandle(sql -> BalanceTables.run(sql, run));
        if (row.isEmpty() || row.get().run() == null) {
            return Optional.empty();
        }
        List<ClassRow> classes = database.jdbi().withHandle(sql -> BalanceTables.classes(sql, run));
        return Optional.of(new Balance(
                row.get(),
                RunSpecs.open(store, row.get().run()).balance(),
                Manifest.open(store, row.get().manifest()),
                classes));
    }

    /// @return expected remaining time of a run's searches: from their measured speed, or else from the plan
    public double secondsLeft(Balance balance) {
        String run = balance.row().run().id();
        RemainingWork remaining =
                database.jdbi().withHandle(sql -> SearchTables.remaining(sql, run, FindNeighbours.KIND));
        long done = balance.classes().stream().mapToLong(ClassRow::productsDone).sum();
        double seconds =
                balance.classes().stream().mapToDouble(ClassRow::searchSeconds).sum();
        return remaining.secondsLeft(done, seconds);
    }

    /// @return the rows of a balanced run, by ordinal
    public synchronized BalancedRows rows(Balance balance) {
        String run = balance.row().run().id();
        if (!run.equals(cachedRun)) {
            cached = BalancedRows.open(store, balance.row().shards(), Math.toIntExact(balance.rows()));
            cachedRun = run;
        }
        return cached;
    }
}
