package io.peregrine.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.FileStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.RunRef;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Python, with imbalanced-learn itself, reads the published artifacts: `bench/python/check_balanced_set.py`.
/// Wrong data must fail the check, since a check that cannot fail proves nothing.
class PythonReaderTest {
    private static final Path PYTHON = ProjectRoot.path().resolve("bench/python/.venv/bin/python");

    @TempDir
    Path folder;

    private ArtifactStore store;

    private record Answer(int status, String output) {}

    @BeforeEach
    void requirePython() {
        assumeTrue(Files.isExecutable(PYTHON), () -> "skipped: no " + PYTHON + "; bench/python/setup.sh makes it");
        store = new FileStore(folder);
    }

    private static SequencedMap<String, Integer> classes(int... counts) {
        SequencedMap<String, Integer> classes = new LinkedHashMap<>();
        for (int i = 0; i < counts.length; i++) {
            classes.put(List.of("Baroque", "Cubism", "Rococo", "Ukiyo_e").get(i), counts[i]);
        }
        return classes;
    }

    private DatasetSealed sealed(String strategy, int... counts) throws Exception {
        ObjectNode body = (ObjectNode) EventCodec.json().readTree("""
                {"dataset": "gallery", "uri": "file:///gallery",
                 "balance": {"strategy": %s, "neighbours": 4, "seed": 4294967295}}""".formatted(strategy));
        RunRef run = new RunRef(
                "0".repeat(32),
                "gallery",
                store.unreferenced().publish("run", "json", RunSpec.parse(body).toJson()));
        return SealedDataset.publish(store, run, 16, classes(counts), 12);
    }

    private Answer check(DatasetSealed sealed, UnaryOperator<RecipeShard> change)
            throws IOException, InterruptedException {
        return check(List.of("--spec", sealed.run().spec().uri()), sealed, change);
    }

    private Answer check(List<String> specification, DatasetSealed sealed, UnaryOperator<RecipeShard> change)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                PYTHON.toString(),
                ProjectRoot.path().resolve("bench/python/check_balanced_set.py").toString()));
        command.addAll(specification);
        command.add(folder.toString());
        command.add(sealed.manifest().tensors().uri());
        command.add(sealed.manifest().json().uri());
        for (RecipeShard shard : SequentialBalancing.shards(store, sealed)) {
            Map<String, String> header = Map.of("neighbours", "4", "seed", "4294967295", "tied_rows", "0");
            ArtifactRef published = change.apply(shard).publish(store.unreferenced(), header);
            command.add(published.uri());
        }
        Process python = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Answer(python.waitFor(), output);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"none\"",
                "\"auto\"",
                "\"minority\"",
                "\"not minority\"",
                "\"all\"",
                "{\"atLeast\": 2300}",
                "{\"counts\": {\"Cubism\": 40, \"Ukiyo_e\": 17}}"
            })
    void theBalancedSetEqualsFitResampleForEachStrategy(String strategy) throws Exception {
        Answer answer = check(sealed(strategy, 60, 12, 31, 17), shard -> shard);
        assertThat(answer.output()).contains("equal, bit for bit");
        assertThat(answer.status()).isZero();
    }

    @Test
    void theBalancedSetEqualsFitResampleForARatioOfTwoClasses() throws Exception {
        Answer answer = check(sealed("0.75", 41, 13), shard -> shard);
        assertThat(answer.output()).contains("71 rows, 17 of them synthetic");
        assertThat(answer.status()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"not minority", "{\"counts\": {\"Cubism\": 40, \"Ukiyo_e\": 17}}"})
    void theSpecificationMayBeGivenOnTheCommandLine(String strategy) throws Exception {
        String json = strategy.startsWith("{") ? strategy : "\"" + strategy + "\"";
        DatasetSealed sealed = sealed(json, 60, 12, 31, 17);
        List<String> specification = List.of("--strategy", strategy, "--neighbours", "4", "--seed", "4294967295");
        assertThat(check(specification, sealed, shard -> shard))
                .satisfies(answer -> assertThat(answer.output()).contains("equal, bit for bit"))
                .returns(0, Answer::status);
        List<String> another = List.of("--strategy", "minority", "--neighbours", "4", "--seed", "4294967295");
        assertThat(check(another, sealed, shard -> shard)).returns(1, Answer::status);
        assertThat(check(specification.subList(0, 4), sealed, shard -> shard))
                .satisfies(answer -> assertThat(answer.output()).contains("give either --spec, or all of"))
                .returns(2, Answer::status);
    }

    @Test
    void aWrongGapNeighbourOrShuffleIsDetected() throws Exception {
        DatasetSealed sealed = sealed("\"auto\"", 60, 12, 31);
        assertThat(check(sealed, shard -> {
                    int synthetic = firstSynthetic(shard);
                    shard.gap()[synthetic] += 0.001;
                    return shard;
                }))
                .returns(1, Answer::status)
                .satisfies(answer -> assertThat(answer.output()).contains("not equal: 1 of 180 rows differ"));
        assertThat(check(sealed, shard -> {
                    int synthetic = firstSynthetic(shard);
                    shard.neighbour()[synthetic] = shard.base()[synthetic];
                    return shard;
                }))
                .returns(1, Answer::status)
                .satisfies(answer -> assertThat(answer.output()).contains("not equal: 1 of 180 rows differ"));
        assertThat(check(sealed, shard -> {
                    long first = shard.ordinal()[0];
                    shard.ordinal()[0] = shard.ordinal()[1];
                    shard.ordinal()[1] = first;
                    return shard;
                }))
                .returns(1, Answer::status)
                .satisfies(answer -> assertThat(answer.output()).contains("not equal: the shuffle"));
    }

    /// Random combinations of method, strategy, neighbour choice and base sampling on small noisy classes: 200
    /// sets in one Python process.
    @Test
    void twoHundredRandomCasesEqualImbalancedLearn() throws Exception {
        Random random = new Random(572);
        List<String> lines = new ArrayList<>();
        for (int number = 0; number < 200; number++) {
            int[] counts = random.ints(2 + random.nextInt(3), 7, 40).toArray();
            // Two classes of equal size detect a different choice of the smallest or largest class.
            counts[0] = random.nextInt(4) == 0 ? counts[1] : counts[0];
            String method = List.of("smote", "smote", "smote", "random-over", "random-under", "class-weights")
                    .get(random.nextInt(6));
            String neighbours = random.nextInt(3) == 0 ? "\"adaptive\"" : Integer.toString(1 + random.nextInt(6));
            String baseSampling = random.nextInt(3) == 0 ? "even" : "random";
            ObjectNode body = (ObjectNode) EventCodec.json().readTree("""
                    {"dataset": "gallery", "uri": "file:///gallery",
                     "balance": {"method": "%s", "strategy": %s, "neighbours": %s, "baseSampling": "%s", "seed": %d}}""".formatted(
                    method, strategy(method, counts, random), neighbours, baseSampling, random.nextInt(1 << 30)));
            RunRef run = new RunRef(
                    "0".repeat(32),
                    "gallery",
                    store.unreferenced()
                            .publish("run", "json", RunSpec.parse(body).toJson()));
            DatasetSealed sealed = SealedDataset.publish(store, run, 8, classes(counts), number);
            Map<String, String> header = Map.of(
                    "neighbours",
                    neighbours.replace("\"", ""),
                    "seed",
                    body.at("/balance/seed").asText(),
                    "tied_rows",
                    "0");
            List<String> shards = new ArrayList<>();
            for (RecipeShard shard : SequentialBalancing.shards(store, sealed)) {
                shards.add(shard.publish(store.unreferenced(), header).uri());
            }
            lines.add(EventCodec.json()
                    .writeValueAsString(Map.of(
                            "spec", run.spec().uri(),
                            "tensors", sealed.manifest().tensors().uri(),
                            "json", sealed.manifest().json().uri(),
                            "shards", shards,
                            "tied", false)));
        }
        Path cases = Files.write(folder.resolve("cases"), lines);
        Process python = new ProcessBuilder(
                        PYTHON.toString(),
                        ProjectRoot.path()
                                .resolve("bench/python/check_balanced_set.py")
                                .toString(),
                        "--cases",
                        cases.toString(),
                        folder.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(output).contains("equal, bit for bit: 200 cases");
        assertThat(python.waitFor()).isZero();
    }

    private static String strategy(String method, int[] counts, Random random) {
        int most = Arrays.stream(counts).max().orElseThrow();
        int least = Arrays.stream(counts).min().orElseThrow();
        boolean under = method.equals("random-under");
        return switch (random.nextInt(6)) {
            case 0 -> "\"all\"";
            case 1 -> "\"not minority\"";
            case 2 -> under ? "\"auto\"" : "\"minority\"";
            case 3 ->
                under
                        ? "{\"counts\": {\"Baroque\": %d}}".formatted(1 + random.nextInt(counts[0]))
                        : "{\"atLeast\": %d}".formatted(most + random.nextInt(20));
            case 4 ->
                "{\"counts\": {\"Cubism\": %d}}"
                        .formatted(under ? Math.min(counts[1], least) : counts[1] + random.nextInt(30));
            default -> "\"auto\"";
        };
    }

    private static int firstSynthetic(RecipeShard shard) {
        int i = 0;
        while (shard.ordinal()[i] < 60 + 12 + 31) {
            i++;
        }
        return i;
    }
}
