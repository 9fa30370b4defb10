package io.peregrine.trainer.run;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.artifacts.store.Durability;
import io.peregrine.artifacts.store.SmallDisk;
import io.peregrine.events.FailureException;
import io.peregrine.trainer.run.TrainingSnapshots.Found;
import io.peregrine.trainer.run.TrainingSnapshots.Saved;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingSnapshotsTest {
    private static final Map<String, String> ORIGIN = Map.of("spec", "5bec", "manifest", "3a9");

    @TempDir
    Path all;

    private Path folder;
    private TrainingSnapshots files;
    private byte[] row;

    @BeforeEach
    void open() {
        folder = all.resolve("job");
        files = claim(1);
    }

    @Test
    void lastTwoNamedFilesStayAndTheNewerIsUsed() throws IOException {
        for (int batch = 1; batch <= 4; batch++) {
            save(batch);
        }
        assertThat(names()).containsExactlyInAnyOrder("000001-00000003-1.safetensors", "000001-00000004-1.safetensors");
        Found found = claim(2).find();
        assertThat(batch(found)).isEqualTo(4);
        assertThat(found.rejected()).isEmpty();
    }

    @Test
    void savingAPositionTwiceKeepsTheOneBeforeIt() throws IOException {
        save(30);
        save(40);
        save(40);
        assertThat(names()).containsExactlyInAnyOrder("000001-00000030-1.safetensors", "000001-00000040-1.safetensors");
        damage(folder.resolve("000001-00000040-1.safetensors"), "cut");
        assertThat(batch(claim(2).find())).isEqualTo(30);
    }

    @Test
    void jobThatNeverSavedHasNoSnapshot() {
        assertThat(files.find()).isEqualTo(new Found(Optional.empty(), List.of()));
    }

    @Test
    void snapshotsNamedByTheJobRowSurviveUnrecordedSaves() throws IOException {
        save(30);
        save(40);
        // Each time the database was unavailable, and a process that knows only the row continued.
        for (int batch : new int[] {50, 48, 46}) {
            TrainingSnapshots resumed = claim(batch);
            assertThat(batch(resumed.find())).isEqualTo(40);
            resumed.write(position(1, batch), state(batch));
        }
        files = claim(60);
        assertThat(batch(files.find())).isEqualTo(40);
        save(45);
        assertThat(names())
                .containsExactlyInAnyOrder("000001-00000040-1.safetensors", "000001-00000045-60.safetensors");
    }

    @ParameterizedTest
    @ValueSource(strings = {"flipped", "cut", "gone"})
    void damagedSnapshotIsDetectedAndThePreviousOneIsUsed(String how) throws IOException {
        save(30);
        save(40);
        damage(folder.resolve("000001-00000040-1.safetensors"), how);
        files = claim(2);
        Found found = files.find();
        assertThat(batch(found)).isEqualTo(30);
        assertThat(found.rejected())
                .singleElement(as(InstanceOfAssertFactories.STRING))
                .contains("000001-00000040-1.safetensors")
                .contains(how.equals("gone") ? "is missing" : "is damaged: its checksum is");
        // The same position is reached again. The damaged file is not named any more and is deleted.
        save(40);
        assertThat(names()).containsExactlyInAnyOrder("000001-00000030-1.safetensors", "000001-00000040-2.safetensors");
        assertThat(batch(claim(3).find())).isEqualTo(40);
    }

    @Test
    void ifBothAreDamagedNoneIsUsedAndBothAreReported() throws IOException {
        save(30);
        save(40);
        damage(folder.resolve("000001-00000040-1.safetensors"), "flipped");
        damage(folder.resolve("000001-00000030-1.safetensors"), "cut");
        Found found = claim(2).find();
        assertThat(found.file()).isEmpty();
        assertThat(found.rejected()).hasSize(2);
    }

    @Test
    void snapshotOfAnotherSpecIsRejected() {
        save(30);
        Found found = new TrainingSnapshots(folder, 2, Map.of("spec", "07e4", "manifest", "3a9"), row).find();
        assertThat(found.file()).isEmpty();
        assertThat(found.rejected())
                .singleElement(as(InstanceOfAssertFactories.STRING))
                .contains("belongs to another training: its spec is 5bec, not 07e4");
    }

    @Test
    void delayedWorkerDoesNotWriteIntoItsSuccessorsFiles() throws IOException {
        save(30);
        TrainingSnapshots paused = claim(1);
        files = claim(2);
        save(40);
        paused.write(position(1, 40), state(-1));
        assertThat(batch(claim(3).find())).isEqualTo(40);
    }

    @Test
    void filesOfEndedJobsAreDeletedAndThoseOfOpenJobsStay() throws IOException {
        save(1);
        Files.createDirectories(all.resolve("ended"));
        Files.writeString(all.resolve("ended").resolve("000001-00000001.safetensors.part"), "half a file");
        // An unrelated folder that is not empty.
        Files.createDirectories(all.resolve("another").resolve("folder").resolve("within"));
        TrainingSnapshots.sweep(all, "job"::equals);
        assertThat(all.resolve("ended")).doesNotExist();
        assertThat(all.resolve("another").resolve("folder")).exists();
        assertThat(names()).hasSize(1);
        TrainingSnapshots.sweep(all.resolve("nowhere"), name -> false);
    }

    @Test
    void endedJobLeavesNoFiles() throws IOException {
        files.delete();
        save(1);
        files.delete();
        assertThat(folder).doesNotExist();
        assertThat(claim(2).find().file()).isEmpty();
    }

    @Test
    void snapshotIsDurableBeforeTheJobRowMayNameIt() {
        List<String> synced = new ArrayList<>();
        TrainingSnapshots recorded = new TrainingSnapshots(
                folder,
                1,
                ORIGIN,
                null,
                new Durability(path -> synced.add(
                        "%s %s".formatted(all.relativize(path), Files.exists(stateFile()) ? "named" : "unnamed"))));
        recorded.write(position(1, 30), state(30));

        assertThat(synced)
                .as("the job's folder in its parent, the bytes, then the name")
                .containsExactly(" unnamed", "job/000001-00000030-1.safetensors.part unnamed", "job named");
    }

    private Path stateFile() {
        return folder.resolve("000001-00000030-1.safetensors");
    }

    @Test
    void fullDiskFailsTheSaveAndKeepsEarlierSnapshots() throws IOException, InterruptedException {
        try (SmallDisk disk = SmallDisk.mount(all, 1)) {
            save(30);
            save(40);
            SafetensorsWriter large = state(50).add("large", new long[] {2 << 20}, new byte[2 << 20]);
            assertThatThrownBy(() -> files.write(position(1, 50), large))
                    .isInstanceOfSatisfying(
                            FailureException.class,
                            failure -> assertThat(failure.code()).isEqualTo("STORE_FULL"))
                    .hasMessageContaining("a training's snapshot: 2,09")
                    .hasMessageContaining(disk.folder().toString());
            assertThat(names())
                    .containsExactlyInAnyOrder("000001-00000030-1.safetensors", "000001-00000040-1.safetensors");
            assertThat(batch(claim(2).find())).isEqualTo(40);
            save(60);
            assertThat(batch(claim(3).find())).isEqualTo(60);
        }
    }

    /// A process that knows the folder and the job row.
    private TrainingSnapshots claim(long fence) {
        return new TrainingSnapshots(folder, fence, ORIGIN, row);
    }

    private void save(int batch) {
        Saved saved = files.write(position(1, batch), state(batch));
        row = files.row(saved);
        files.nowNamed(saved);
    }

    private static long batch(Found found) {
        try (Safetensors state = Safetensors.open(found.file().orElseThrow())) {
            return state.tensor("batch").longs()[0];
        }
    }

    private static void damage(Path file, String how) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        switch (how) {
            case "flipped" -> {
                bytes[bytes.length - 3] ^= 4;
                Files.write(file, bytes);
            }
            case "cut" -> Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
            default -> Files.delete(file);
        }
    }

    private static TrainingProgress position(int epoch, int batch) {
        return new TrainingProgress(epoch, batch, batch, 0, 0, 0, 1, 0);
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
