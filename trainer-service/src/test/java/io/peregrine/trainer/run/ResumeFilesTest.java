package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResumeFilesTest {
    @TempDir
    Path all;

    private Path folder;
    private ResumeFiles files;

    @BeforeEach
    void open() {
        folder = all.resolve("job");
        files = new ResumeFiles(folder);
    }

    @Test
    void theLastTwoNamedFilesStay() throws IOException {
        for (int batch = 1; batch <= 4; batch++) {
            files.nowNamed(write(1, batch));
        }
        assertThat(names()).containsExactlyInAnyOrder("000001-00000003.safetensors", "000001-00000004.safetensors");
        try (Safetensors state =
                Safetensors.open(files.find("000001-00000004.safetensors").orElseThrow())) {
            assertThat(state.tensor("batch").longs()).containsExactly(4);
        }
    }

    @Test
    void aFileThatTheJobRowNamesSurvivesSavesThatItNeverHeardOf() throws IOException {
        files.nowNamed(write(1, 40));
        // Each time the database was away, and a process that knows only the row went on.
        for (int batch : new int[] {50, 48, 46}) {
            ResumeFiles resumed = new ResumeFiles(folder);
            assertThat(resumed.find("000001-00000040.safetensors")).isPresent();
            resumed.write(position(1, batch), state(batch));
        }
        ResumeFiles resumed = new ResumeFiles(folder);
        assertThat(resumed.find("000001-00000040.safetensors")).isPresent();
        resumed.nowNamed(resumed.write(position(1, 45), state(45)));
        assertThat(names()).containsExactlyInAnyOrder("000001-00000040.safetensors", "000001-00000045.safetensors");
    }

    @Test
    void whatEndedJobsLeftIsSweptAndWhatOpenJobsNeedStays() throws IOException {
        files.nowNamed(write(1, 1));
        Files.createDirectories(all.resolve("ended"));
        Files.writeString(all.resolve("ended").resolve("000001-00000001.safetensors.part"), "half a file");
        ResumeFiles.sweep(all, "job"::equals);
        assertThat(all.resolve("ended")).doesNotExist();
        assertThat(names()).hasSize(1);
        ResumeFiles.sweep(all.resolve("nowhere"), name -> false);
    }

    @Test
    void anEndedJobLeavesNothing() throws IOException {
        files.forget();
        files.nowNamed(write(1, 1));
        files.forget();
        assertThat(folder).doesNotExist();
        assertThat(files.find("000001-00000001.safetensors")).isEmpty();
    }

    private String write(int epoch, int batch) {
        return files.write(position(epoch, batch), state(batch));
    }

    private static Position position(int epoch, int batch) {
        return new Position(epoch, batch, batch, 0, 0, 0, 1);
    }

    private static SafetensorsWriter state(int batch) {
        return new SafetensorsWriter().add("batch", new long[] {1}, new long[] {batch});
    }

    private Stream<String> names() throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(file -> file.getFileName().toString()).toList().stream();
        }
    }
}
