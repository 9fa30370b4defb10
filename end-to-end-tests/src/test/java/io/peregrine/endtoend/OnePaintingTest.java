package io.peregrine.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.store.ArtifactStore;
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

/// Follows one painting, `train/Style_1/003.png`, from the dataset-ready event to its row in PostgreSQL.
class OnePaintingTest {
    @TempDir
    Path folder;

    @Test
    void onePaintingIsProcessedFromFolderToCluster() throws Exception {
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 32, 4, 14, 9, 12);

        try (PeregrineFixture fixture = PeregrineFixture.open(folder.resolve("data"), folder)) {
            String run = fixture.publish("one-painting", gallery, """
                    {"image":{"side":32},"balance":{"strategy":"none"},
                     "classifier":{"epochs":2,"batchSize":8},"autoencoder":{"epochs":2,"batchSize":8,"latent":12}}""");
            assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);

            // The published events; each contains what the next service needs.
            Listener events = fixture.listener();
            assertThat(events.of(run, RunAccepted.class)).hasSize(1);
            ImagesIngested images = events.of(run, ImagesIngested.class).stream()
                    .filter(e ->
                            e.label().equals("Style_1") && e.split().jsonName().equals("train"))
                    .findFirst()
                    .orElseThrow();
            ImageRef painting = images.images().stream()
                    .filter(i -> i.source().equals("003.png"))
                    .findFirst()
                    .orElseThrow();
            DatasetSealed sealed = events.of(run, DatasetSealed.class).getFirst();
            DatasetBalanced balanced = events.of(run, DatasetBalanced.class).getFirst();
            assertThat(sealed.images()).isEqualTo(14 + 9 + 12 + 3 * 4);
            assertThat(balanced.rows()).isEqualTo(14 + 9 + 12);
            assertThat(events.of(run, ShardWritten.class))
                    .hasSize(balanced.shards().size());

            // Its pixels, as a Python program reads them.
            ArtifactStore store = fixture.store();
            Manifest manifest = Manifest.open(store, sealed.manifest());
            int row = (int) painting.row();
            assertThat(manifest.path(row)).isEqualTo("003.png");
            assertThat(manifest.classes().get(manifest.label(row))).isEqualTo("Style_1");
            try (PixelRows pixels = new PixelRows(store, manifest)) {
                assertThat(pixels.image(row).toArray(ValueLayout.JAVA_BYTE))
                        .isEqualTo(planes(SyntheticPaintings.painting(1, 32, 1_003), 32));
            }

            // Its recipe; with the strategy `none` it is its own base and neighbour.
            RecipeShard shard = RecipeShard.open(store, balanced.shards().getFirst());
            assertThat(LongStream.of(shard.base())).containsOnlyOnce((long) row);
            assertThat(shard.neighbour()).isEqualTo(shard.base());

            // Both networks are trained to their last epoch, and measured once on the test split.
            for (Network network : Network.values()) {
                List<CheckpointPublished> checkpoints = events.of(run, CheckpointPublished.class).stream()
                        .filter(c -> c.network() == network)
                        .toList();
                assertThat(checkpoints).extracting(CheckpointPublished::epoch).containsExactlyInAnyOrder(1, 2);
                assertThat(checkpoints.stream().filter(CheckpointPublished::last))
                        .singleElement()
                        .satisfies(last -> assertThat(last.test()).isNotNull());
            }
            ClustersComputed clusters = events.of(run, ClustersComputed.class).getFirst();
            assertThat(clusters.k()).isEqualTo(3);

            // REST returns the painting's cluster.
            JsonNode image = fixture.get("/api/v1/runs/" + run + "/images/" + painting.imageId());
            assertThat(image.get("label").textValue()).isEqualTo("Style_1");
            int cluster = image.at("/cluster/index").asInt(-1);
            assertThat(cluster).isBetween(0, 2);

            // The row in the database.
            try (Connection database = fixture.database("cluster");
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
            // Tracing is off, so no row has a traceparent.
            try (Connection database = fixture.database("cluster");
                    ResultSet traced = database.createStatement()
                            .executeQuery("select count(traceparent) from (select traceparent from outbox union all "
                                    + "select traceparent from job) hops")) {
                traced.next();
                assertThat(traced.getLong(1)).isZero();
            }
            PipelineEvent end = events.end(run).orElseThrow();
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
