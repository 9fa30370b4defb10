package io.peregrine.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.RunCompleted;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Processes the maximum number of classes and of clusters. No event exceeds 64 KiB, and all long answers are
/// paginated.
@Tag("slow")
class ManyClassesTest {
    private static final int MOST = 10_000;
    private static final Duration PATIENCE = Duration.ofMinutes(60);

    @TempDir
    static Path folder;

    private static PeregrineFixture fixture;

    @BeforeAll
    static void open() throws Exception {
        fixture = PeregrineFixture.open(folder.resolve("data"), folder.resolve("roots"));
    }

    @AfterAll
    static void close() throws Exception {
        fixture.close();
    }

    @Test
    void tenThousandClassesAreBalancedTrainedTestedAndClustered() throws Exception {
        Path classes = folder.resolve("roots/classes");
        TinyImages.write(classes, MOST, 3);
        String run = fixture.publish("classes", classes, """
                {"image":{"side":8},"split":{"test":0.34},"balance":{"strategy":{"atLeast":3},"neighbours":1},
                 "classifier":{"preset":"seed-cnn","epochs":1},"autoencoder":{"preset":"seed-autoencoder","epochs":1,"latent":4}}""");

        assertThat(fixture.awaitEnd(run, PATIENCE)).isInstanceOf(RunCompleted.class);
        assertThat(fixture.listener().of(run))
                .allSatisfy(event ->
                        assertThat(EventCodec.data(event.data())).hasSizeLessThanOrEqualTo(EventCodec.MAX_BYTES));
        assertThat(names(run, "classes")).hasSize(MOST);
        assertThat(indices(run, "clusters")).isEqualTo(MOST);
        long tested = 0;
        for (JsonNode cell : fixture.items("/api/v1/runs/" + run + "/confusion")) {
            tested += cell.path("count").longValue();
        }
        assertThat(tested).isEqualTo(MOST);
    }

    @Test
    void tenThousandClustersOfTwoClassesAreNamed() throws Exception {
        Path two = folder.resolve("roots/two");
        TinyImages.write(two, 2, 5_250);
        String run = fixture.publish("two", two, """
                {"image":{"side":8},"balance":{"strategy":"none"},"clusters":{"k":10000},
                 "classifier":{"preset":"seed-cnn","epochs":1},"autoencoder":{"preset":"seed-autoencoder","epochs":1,"latent":4}}""");

        assertThat(fixture.awaitEnd(run, PATIENCE)).isInstanceOf(RunCompleted.class);
        assertThat(indices(run, "clusters")).isEqualTo(MOST);
        assertThat(names(run, "clusters")).hasSize(MOST);
    }

    private static Set<String> names(String run, String what) throws Exception {
        Set<String> names = new HashSet<>();
        fixture.items("/api/v1/runs/" + run + "/" + what)
                .forEach(item -> names.add(item.path("name").textValue()));
        return names;
    }

    private static int indices(String run, String what) throws Exception {
        return fixture.items("/api/v1/runs/" + run + "/" + what).size();
    }
}
