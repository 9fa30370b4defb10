package io.peregrine.balance;

import io.peregrine.artifacts.ClassBalance;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.RunSpecs;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.balance.postgres.BalanceTables;
import io.peregrine.balance.postgres.BalanceTables.ClassRow;
import io.peregrine.balance.smote.BalancePlan;
import io.peregrine.balance.smote.BalancedSet;
import io.peregrine.balance.smote.ClassSize;
import io.peregrine.balance.smote.RandomPicks;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.PipelineEvent.ShardWritten;
import io.peregrine.events.RunRef;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec.BalanceSpec;
import io.peregrine.events.spec.RunSpec.Method;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import io.peregrine.work.quarkus.ManifestCache;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import org.jboss.logging.Logger;

/// Shuffles the real rows and the recipes of all classes into shards, and publishes them.
@ApplicationScoped
class AssembleShards implements JobHandler {
    static final String KIND = "assemble";

    private static final Logger LOG = Logger.getLogger(AssembleShards.class);

    private final ArtifactStore store;
    private final ManifestCache manifests;
    private final Database database;
    private final BalanceMeters meters;

    AssembleShards(ArtifactStore store, ManifestCache manifests, Database database, BalanceMeters meters) {
        this.store = store;
        this.manifests = manifests;
        this.database = database;
        this.meters = meters;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext job) throws IOException {
        RunRef run = job.job().run();
        ManifestRef ref = database.jdbi().withHandle(sql -> BalanceTables.manifest(sql, run.id()));
        List<ClassRow> classes = database.jdbi().withHandle(sql -> BalanceTables.classes(sql, run.id()));
        BalanceSpec spec = RunSpecs.open(store, run).balance();
        Manifest manifest = manifests.open(ref);
        BalancedSet set = set(spec, manifest, classes);
        List<ArtifactRef> shards = new ArrayList<>();
        long tiedRows = classes.stream().mapToLong(ClassRow::tiedRows).sum();
        for (int index = 0; index < set.shards(); index++) {
            job.check();
            shards.add(set.shard(index)
                    .publish(
                            job,
                            Map.of(
                                    "format", "peregrine-recipe-shard-1",
                                    "reference", ReferenceImplementation.of(spec),
                                    "neighbours", spec.neighbours().json().toString(),
                                    "seed", Long.toString(spec.seed()),
                                    "tied_rows", Long.toString(tiedRows))));
        }
        ArtifactRef balance = ClassBalance.publish(
                job, classes.stream().map(one -> balance(one, spec)).toList());
        long synthetic = classes.stream().mapToLong(ClassRow::synthetic).sum();
        job.complete(tx -> {
            for (int index = 0; index < shards.size(); index++) {
                long inShard = set.rowsOf(index);
                tx.publish(
                        new ShardWritten(run, index, shards.size(), shards.get(index), inShard),
                        Integer.toString(index));
            }
            BalanceTables.balanced(tx.sql(), run.id(), shards);
            tx.publish(new DatasetBalanced(run, ref, shards, balance, set.rows(), synthetic), "");
        });
        meters.published(shards);
        LOG.infof("dataset balanced run=%s rows=%d shards=%d tied=%d", run.id(), set.rows(), shards.size(), tiedRows);
    }

    private BalancedSet set(BalanceSpec spec, Manifest manifest, List<ClassRow> classes) {
        BalancePlan plan = new BalancePlan(classes.stream()
                .map(one -> new ClassSize(one.label(), one.name(), one.real(), one.synthetic(), one.dropped()))
                .toList());
        IntFunction<int[]> rowsOf = label -> manifest.rowsOf(Split.TRAIN, label);
        int[] rows = spec.method() == Method.RANDOM_UNDER
                ? RandomPicks.under(plan, spec.strategy(), rowsOf, spec.seed())
                : manifest.rowsOf(Split.TRAIN);
        int[] labels = Arrays.stream(rows).map(manifest::label).toArray();
        List<RecipeShard> recipes = spec.method() == Method.RANDOM_OVER
                ? RandomPicks.over(plan, rowsOf, spec.seed())
                : classes.stream()
                        .map(ClassRow::recipes)
                        .filter(Objects::nonNull)
                        .map(drawn -> RecipeShard.open(store, drawn))
                        .toList();
        return new BalancedSet(rows, labels, recipes, spec.seed());
    }

    /// Omits values that follow from the specification.
    private static ClassBalance balance(ClassRow one, BalanceSpec spec) {
        boolean fewer =
                one.neighbours() != null && one.neighbours() < spec.neighbours().most();
        return new ClassBalance(
                one.name(),
                one.real() - one.dropped(),
                one.synthetic(),
                one.tiedRows(),
                one.duplicates() > 0 ? one.duplicates() : null,
                fewer ? one.neighbours() : null,
                one.dropped() > 0 ? one.dropped() : null,
                one.weight());
    }
}
