package io.peregrine.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.ClustersComputed;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.ImageRef;
import io.peregrine.events.PipelineEvent.ImagesIngested;
import io.peregrine.events.PipelineEvent.RunAccepted;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.events.PipelineEvent.ShardWritten;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Follows one painting, `train/Style_1/003.png`, from a dataset-ready event to its row in PostgreSQL.
class OnePaintingTest {
    @TempDir
    Path folder;

    @Test
    void onePaintingTravelsFromFolderToCluster() throws Exception {
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 32, 4, 14, 9, 12);

        try (PeregrineFixture house = PeregrineFixture.open(folder.resolve("data"), folder)) {
            String run = house.publish("one-painting", gallery, """
                    {"image":{"side":32},"balance":{"strategy":"none"},
                     "classifier":{"epochs":2,"batchSize":8},"autoencoder":{"epochs":2,"batchSize":8,"latent":12}}""");
            assertThat(house.awaitEnd(run)).isInstanceOf(RunCompleted.class);

            // What was said, each a fact that the next hop needed.
            Listener said = house.listener();
            assertThat(said.of(run, RunAccepted.class)).hasSize(1);
            ImagesIngested images = said.of(run, ImagesIngested.class).stream()
                    .filter(e ->
                            e.label().equals("Style_1") && e.split().jsonName().equals("train"))
                    .findFirst()
                    .orElseThrow();
            ImageRef painting = images.images().stream()
                    .filter(i -> i.source().equals("003.png"))
                    .findFirst()
                    .orElseThrow();
            DatasetSealed sealed = said.of(run, DatasetSealed.class).getFirst();
            DatasetBalanced balanced = said.of(run, DatasetBalanced.class).getFirst();
            assertThat(sealed.images()).isEqualTo(14 + 9 + 12 + 3 * 4);
            assertThat(balanced.rows()).isEqualTo(14 + 9 + 12);
            assertThat(said.of(run, ShardWritten.class))
                    .hasSize(balanced.shards().size());

            // Its pixels, as a Python user would read them.
            ArtifactStore store = house.store();
            Manifest manifest = Manifest.open(store, sealed.manifest());
            int row = (int) painting.row();
            assertThat(manifest.path(row)).isEqualTo("003.png");
            assertThat(manifest.classes().get(manifest.label(row))).isEqualTo("Style_1");
            try (PixelRows pixels = new PixelRows(store, manifest)) {
                assertThat(pixels.image(row).toArray(ValueLayout.JAVA_BYTE))
                        .isEqualTo(planes(SyntheticPaintings.painting(1, 32, 1_003), 32));
            }

            // Its recipe: with strategy `none`, itself.
            RecipeShard shard = RecipeShard.open(store, balanced.shards().getFirst());
            assertThat(LongStream.of(shard.base())).containsOnlyOnce((long) row);
            assertThat(shard.neighbour()).isEqualTo(shard.base());

            // Both networks, to their last epoch, measured once on the test split.
            for (Network network : Network.values()) {
                List<CheckpointPublished> checkpoints = said.of(run, CheckpointPublished.class).stream()
                        .filter(c -> c.network() == network)
                        .toList();
                assertThat(checkpoints).extracting(CheckpointPublished::epoch).containsExactlyInAnyOrder(1, 2);
                assertThat(checkpoints.stream().filter(CheckpointPublished::last))
                        .singleElement()
                        .satisfies(last -> assertThat(last.test()).isNotNull());
            }
            ClustersComputed clusters = said.of(run, ClustersComputed.class).getFirst();
            assertThat(clusters.k()).isEqualTo(3);

            // And over REST the painting tells which cluster it is in.
            JsonNode image = house.get("/api/v1/runs/" + run + "/images/" + painting.imageId());
            assertThat(image.get("label").textValue()).isEqualTo("Style_1");
            int cluster = image.at("/cluster/index").asInt(-1);
            assertThat(cluster).isBetween(0, 2);

            // The row itself.
            try (Connection database = house.database("cluster");
                    PreparedStatement query = database.prepareStatement(
                            "select i.row, p.cluster from image i join point p using (run, row) where i.run = ? and i.image_id = ?")) {
                query.setString(1, run);
                query.setString(2, painting.imageId());
                try (ResultSet rows = query.executeQuery()) {
                    assertThat(rows.next()).isTrue();
                    assertThat(rows.getLong("row")).isEqualTo(row);
                    assertThat(rows.getInt("cluster")).isEqualTo(cluster);
                    assertThat(rows.next()).isFalse();
                }
            }
            // Nobody asked for traces, so nothing carries one.
            try (Connection database = house.database("cluster");
                    ResultSet traced = database.createStatement()
                            .executeQuery("select count(traceparent) from (select traceparent from outbox union all "
                                    + "select traceparent from job) hops")) {
                traced.next();
                assertThat(traced.getLong(1)).isZero();
            }
            PipelineEvent end = said.end(run).orElseThrow();
            assertThat(end.run().id()).isEqualTo(run);
        }
    }

    private static byte[] planes(java.awt.image.BufferedImage image, int side) {
        byte[] planes = new byte[3 * side * side];
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                int rgb = image.getRGB(x, y);
                for (int channel = 0; channel < 3; channel++) {
                    planes[(channel * side + y) * side + x] = (byte) (rgb >> (16 - 8 * channel));
                }
            }
        }
        return planes;
    }
}
