package io.peregrine.balance;

import static io.peregrine.balance.SealedDataset.classes;
import static io.peregrine.balance.SequentialBalancing.assertEqual;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.balance.neighbours.Neighbours;
import io.peregrine.balance.postgres.BalanceTables;
import io.peregrine.balance.postgres.BalanceTables.ClassRow;
import io.peregrine.balance.postgres.NeighbourCache;
import io.peregrine.balance.postgres.NeighbourCache.Key;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.PipelineEvent.RunDeleted;
import io.peregrine.events.RunRef;
import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.WithKafka;
import io.peregrine.work.jobs.Database;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/// Runs of one manifest search for neighbours once, and get the same result as a single run.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "balance"))
@TestProfile(BalanceFlowTest.SmallTiles.class)
class SharedNeighboursTest extends WithKafka {
    private static final int SIDE = 24;

    @Inject
    ArtifactStore store;

    @Inject
    Database database;

    @Test
    void anotherSeedStrategyOrBaseSamplingOfTheSameManifestReusesTheNeighbours() throws Exception {
        DatasetSealed first =
                balanced("{\"strategy\": {\"counts\": {\"Baroque\": 50, \"Cubism\": 40}}, \"seed\": 7}", 21);
        assertThat(classesOf(first.run()))
                .filteredOn(one -> one.neighbours() != null)
                .hasSize(2)
                .allSatisfy(one -> {
                    assertThat(one.productsDone()).isEqualTo(one.products()).isPositive();
                    assertThat(one.searchSeconds()).isPositive();
                })
                .anySatisfy(one -> assertThat(one.shares())
                        .as("results of several jobs are cached, too")
                        .isGreaterThan(1));

        for (String balance : List.of(
                "{\"strategy\": {\"counts\": {\"Baroque\": 50, \"Cubism\": 40}}, \"seed\": 8}",
                "{\"strategy\": {\"atLeast\": 60}, \"seed\": 7}",
                "{\"strategy\": {\"atLeast\": 35}, \"baseSampling\": \"even\", \"seed\": 7}")) {
            DatasetSealed another = balancedAgain(first, balance);
            assertThat(classesOf(another.run()))
                    .as(balance)
                    .filteredOn(one -> one.neighbours() != null)
                    .hasSize(2)
                    .allSatisfy(one -> {
                        assertThat(one.products()).isZero();
                        assertThat(one.searchSeconds()).isZero();
                        assertThat(one.sharesDone()).isEqualTo(one.shares()).isEqualTo(1);
                    });
        }
    }

    @Test
    void anotherKIsSearchedAndACachedClassIsReusedWithoutTheOthers() throws Exception {
        DatasetSealed first = balanced("{\"strategy\": {\"counts\": {\"Cubism\": 40}}, \"seed\": 7}", 22);
        DatasetSealed other = balancedAgain(first, "{\"strategy\": {\"atLeast\": 40}, \"neighbours\": 3, \"seed\": 7}");
        assertThat(classesOf(other.run()))
                .hasSize(2)
                .allSatisfy(one -> assertThat(one.searchSeconds()).isPositive());
        DatasetSealed more = balancedAgain(first, "{\"strategy\": {\"atLeast\": 40}, \"seed\": 7}");
        assertThat(classesOf(more.run()))
                .extracting(one -> one.searchSeconds() > 0)
                .containsExactly(true, false);
        assertThat(known(first.manifest()))
                .containsExactlyInAnyOrder(new Key(0, 3), new Key(0, 5), new Key(1, 3), new Key(1, 5));
    }

    @Test
    void neighboursAreCachedUntilTheLastRunOfTheManifestIsDeleted() throws Exception {
        DatasetSealed first = balanced("{\"strategy\": {\"counts\": {\"Cubism\": 40}}, \"seed\": 7}", 23);
        DatasetSealed second = balancedAgain(first, "{\"strategy\": \"none\"}");
        DatasetSealed elsewhere = balanced("{\"strategy\": {\"counts\": {\"Cubism\": 40}}, \"seed\": 7}", 24);

        delete(first.run());
        assertThat(known(first.manifest())).containsExactly(new Key(1, 5));
        delete(second.run());
        assertThat(known(first.manifest())).isEmpty();
        assertThat(known(elsewhere.manifest())).containsExactly(new Key(1, 5));
    }

    @Test
    void cachedNeighboursAreReadAsTheyWereStored() throws Exception {
        DatasetSealed sealed = balanced("{\"strategy\": \"none\"}", 25);
        String run = sealed.run().id();
        database.jdbi().useHandle(sql -> {
            NeighbourCache.save(sql, run, 1, new Neighbours(2, new int[] {1, 2, 0, 70_000, 0, 1}, 3, 4));
            NeighbourCache.save(sql, run, 1, new Neighbours(2, new int[] {9, 9, 9, 9, 9, 9}, 9, 9));
            Neighbours found = NeighbourCache.find(sql, run, 1, 2).orElseThrow();
            assertThat(found.k()).isEqualTo(2);
            assertThat(found.nearest()).containsExactly(1, 2, 0, 70_000, 0, 1);
            assertThat(found.tiedRows()).isEqualTo(3);
            assertThat(found.duplicates()).isEqualTo(4);
            assertThat(NeighbourCache.find(sql, run, 1, 3)).isEmpty();
            assertThat(NeighbourCache.find(sql, run, 0, 2)).isEmpty();
        });
    }

    /// @param images seed of the images, which makes manifests differ
    /// @return the dataset, after a check that its shards equal those of the core
    private DatasetSealed balanced(String balance, long images) throws Exception {
        return balanceAsTheCore(
                SealedDataset.publish(store, SealedDataset.run(store, balance), SIDE, classes(30, 12), images));
    }

    /// Balances another run of the same manifest.
    private DatasetSealed balancedAgain(DatasetSealed sealed, String balance) throws Exception {
        return balanceAsTheCore(new DatasetSealed(
                SealedDataset.run(store, balance),
                sealed.manifest(),
                sealed.classes(),
                sealed.images(),
                sealed.testImages(),
                sealed.refused(),
                0));
    }

    private DatasetSealed balanceAsTheCore(DatasetSealed sealed) throws Exception {
        kafka.publish(sealed, "ingest-service", "");
        DatasetBalanced balanced = kafka.await(sealed.run().id(), DatasetBalanced.class);
        List<RecipeShard> expected = SequentialBalancing.shards(store, sealed);
        assertThat(balanced.shards()).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            assertEqual(RecipeShard.open(store, balanced.shards().get(i)), expected.get(i));
        }
        return sealed;
    }

    private void delete(RunRef run) {
        kafka.publish(new RunDeleted(run), "cluster-service", "");
        Awaitility.await().until(() -> classesOf(run).isEmpty());
    }

    private List<ClassRow> classesOf(RunRef run) {
        return database.jdbi().withHandle(sql -> BalanceTables.classes(sql, run.id()));
    }

    private Set<Key> known(ManifestRef manifest) {
        return database.jdbi().withHandle(sql -> NeighbourCache.of(sql, manifest));
    }
}
