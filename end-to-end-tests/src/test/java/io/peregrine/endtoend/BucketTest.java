package io.peregrine.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.S3Server;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.PipelineEvent.CheckpointPublished;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.RunCompleted;
import io.peregrine.testkit.Checkpoints;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The four services share a bucket instead of a folder, and the bucket is unavailable for a while during a run.
class BucketTest {
    private static final String BUCKET = "peregrine";

    @TempDir
    Path folder;

    @Test
    void aRunInABucketSurvivesAnOutageOfTheBucket() throws Exception {
        Path gallery = folder.resolve("gallery");
        SyntheticPaintings.write(gallery, 32, 4, 14, 9, 12);
        Path data = folder.resolve("data");
        try (S3Server server = new S3Server(folder.resolve("buckets"), BUCKET);
                PeregrineFixture fixture = PeregrineFixture.inBucket(data, folder, server, BUCKET)) {
            String run = fixture.publish("bucket", gallery, """
                    {"image":{"side":32},"balance":{"strategy":{"atLeast":16},"neighbours":3},
                     "classifier":{"preset":"seed-cnn","epochs":2,"batchSize":8},
                     "autoencoder":{"preset":"seed-autoencoder","epochs":2,"batchSize":8,"latent":12}}""");
            Awaitility.await("the dataset is sealed")
                    .atMost(Duration.ofMinutes(2))
                    .until(() ->
                            !fixture.listener().of(run, DatasetSealed.class).isEmpty());
            server.kill();
            Awaitility.await("a job waits for the bucket")
                    .atMost(Duration.ofMinutes(2))
                    .until(() -> isLogged(data.resolve("logs"), "Resource unavailable"));
            server.start();
            assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);

            List<ArtifactRef> published = new ArrayList<>();
            DatasetSealed sealed =
                    fixture.listener().of(run, DatasetSealed.class).getFirst();
            published.add(sealed.run().spec());
            published.addAll(
                    fixture.listener().of(run, DatasetBalanced.class).getFirst().shards());
            Checkpoints.kept(fixture.listener().of(run, CheckpointPublished.class))
                    .forEach(c -> published.add(c.weights()));
            assertThat(published).hasSizeGreaterThan(3).allSatisfy(ref -> {
                byte[] object = Files.readAllBytes(
                        server.object(BUCKET, "store/" + ref.uri().substring(ArtifactStore.SCHEME.length())));
                assertThat(HexFormat.of()
                                .formatHex(MessageDigest.getInstance("SHA-256").digest(object)))
                        .isEqualTo(ref.sha256());
            });
            assertThat(data.resolve("store")).doesNotExist();
        }
    }

    private static boolean isLogged(Path logs, String words) throws IOException {
        try (Stream<Path> files = Files.list(logs)) {
            for (Path log : files.toList()) {
                if (Files.readString(log).contains(words)) {
                    return true;
                }
            }
            return false;
        }
    }
}
