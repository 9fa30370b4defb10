package io.peregrine.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.PipelineEvent.RunCompleted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Names that a home folder may have, for the data folder and for roots: commas, colons, blanks, other alphabets.
class OddNamesTest {
    @TempDir
    Path folder;

    @Test
    void aDatasetBelowAColonIsRunAndNothingIsWrittenOutsideTheDataFolder() throws Exception {
        Path data = folder.resolve("dätä, 2:3");
        Path root = Files.createDirectory(folder.resolve("co:lon"));
        SyntheticPaintings.write(root.resolve("set"), 16, 2, 8, 5);
        List<Path> before = below(root);
        try (PeregrineFixture fixture = PeregrineFixture.open(data, root)) {
            String run = fixture.publish("odd-names", root.resolve("set"), """
                    {"image":{"side":16},"balance":{"strategy":"none"},"classifier":{"epochs":1,"batchSize":8},
                     "autoencoder":{"epochs":1,"batchSize":8,"latent":8}}""");
            assertThat(fixture.awaitEnd(run)).isInstanceOf(RunCompleted.class);
            assertThat(data.resolve("kafka/log/meta.properties")).exists();
        }
        assertThat(folder).isDirectoryNotContaining(path -> !path.equals(data) && !path.equals(root));
        assertThat(below(root)).isEqualTo(before);
    }

    private static List<Path> below(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.sorted().toList();
        }
    }
}
