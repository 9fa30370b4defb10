package io.peregrine.events.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.FieldError;
import io.peregrine.events.spec.RunSpec.BaseSampling;
import io.peregrine.events.spec.RunSpec.Method;
import io.peregrine.events.spec.RunSpec.NeighbourChoice;
import io.peregrine.events.spec.RunSpec.Strategy;
import io.peregrine.events.spec.RunSpec.WeightsSource;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class RunSpecTest {
    @Test
    void defaultsAreTheReportsSizesAndTheResidualNetworks() throws Exception {
        RunSpec spec = RunSpec.parse(json("{'dataset':'wikiart','uri':'file:///data/wikiart'}"));

        assertThat(spec.split()).isEqualTo(new RunSpec.SplitSpec(0.1, 0, 42));
        assertThat(spec.image()).isEqualTo(new RunSpec.ImageSpec(416, RunSpec.Fit.STRETCH, RunSpec.Orientation.APPLY));
        assertThat(spec.balance())
                .isEqualTo(new RunSpec.BalanceSpec(
                        Method.SMOTE, new Strategy.AtLeast(200), NeighbourChoice.fixed(5), BaseSampling.RANDOM, 42));
        assertThat(spec.classifier())
                .isEqualTo(new RunSpec.TrainSpec(
                        "resnet",
                        0,
                        20,
                        32,
                        0.002,
                        42,
                        0.1,
                        new RunSpec.TrainingOptions(
                                RunSpec.Schedule.COSINE, 0.05, 0.05, 5, 0.1, RunSpec.AugmentationPolicy.STANDARD, 0)));
        assertThat(spec.autoencoder())
                .isEqualTo(new RunSpec.TrainSpec(
                        "resnet-autoencoder",
                        300,
                        20,
                        32,
                        0.001,
                        42,
                        0,
                        new RunSpec.TrainingOptions(
                                RunSpec.Schedule.COSINE, 0.05, 0, 0, 0, RunSpec.AugmentationPolicy.FLIP, 0)));
        assertThat(spec.clusters()).isEqualTo(new RunSpec.ClusterSpec(null, 42));
    }

    @Test
    void theReportsNetworksAreTrainedAsTheReportHasIt() throws Exception {
        RunSpec spec = RunSpec.parse(
                json(
                        "{'dataset':'a','uri':'file:///a','classifier':{'preset':'seed-cnn'},'autoencoder':{'preset':'seed-autoencoder'}}"));
        assertThat(spec.classifier()).isEqualTo(new RunSpec.TrainSpec("seed-cnn", 0, 10, 32, 0.01, 42, 0.1));
        assertThat(spec.autoencoder()).isEqualTo(new RunSpec.TrainSpec("seed-autoencoder", 300, 10, 32, 0.001, 42, 0));
    }

    @Test
    void eachDefaultOfTheResidualNetworkCanBeChanged() throws Exception {
        RunSpec spec = RunSpec.parse(json("""
                {'dataset':'a','uri':'file:///a','classifier':{'preset':'resnet','epochs':7,'batchSize':8,
                 'learningRate':0.1,'seed':3,'dropout':0.4,'schedule':'constant','warmupRatio':0.2,'weightDecay':0.3,
                 'maxGradNorm':6,'labelSmoothing':0.5,'augmentation':'flip','patience':4,'device':'gpu:1'}}"""));
        assertThat(spec.classifier())
                .isEqualTo(new RunSpec.TrainSpec(
                        "resnet",
                        0,
                        7,
                        8,
                        0.1,
                        3,
                        0.4,
                        new RunSpec.TrainingOptions(
                                RunSpec.Schedule.CONSTANT, 0.2, 0.3, 6, 0.5, RunSpec.AugmentationPolicy.FLIP, 4),
                        "gpu:1",
                        null));
        assertThat(RunSpec.read(spec.toJson())).isEqualTo(spec);
        assertThat(new String(spec.toJson(), StandardCharsets.UTF_8))
                .contains("\"schedule\" : \"constant\"")
                .containsOnlyOnce("labelSmoothing")
                .doesNotContain("options");
    }

    @Test
    void aWeightedLossIsNotSmoothedByDefault() throws Exception {
        String weighed = "{'dataset':'a','uri':'file:///a','balance':{'method':'class-weights'}%s}";
        RunSpec usual = RunSpec.parse(json("{'dataset':'a','uri':'file:///a'}"));
        RunSpec unsaid = RunSpec.parse(json(weighed.formatted("")));
        RunSpec said = RunSpec.parse(json(weighed.formatted(",'classifier':{'labelSmoothing':0.1}")));

        assertThat(unsaid.classifier().options().labelSmoothing()).isZero();
        assertThat(usual.classifier()).isNotEqualTo(unsaid.classifier()).isEqualTo(said.classifier());
        assertThat(RunSpec.read(unsaid.toJson())).isEqualTo(unsaid);
    }

    @Test
    void runJsonIsReadAsWhatWasWrittenAndIsTheSameBytes() throws Exception {
        RunSpec spec = RunSpec.parse(json("""
                {'dataset':'a','uri':'file:///a','image':{'side':96,'fit':'cover','orientation':'ignore'},
                 'split':{'test':0.2,'validation':0.1,'seed':0},'clusters':{'k':3},
                 'balance':{'strategy':{'counts':{'b':3,'a':4}},'neighbours':2,'seed':4294967295}}"""));

        assertThat(RunSpec.read(spec.toJson())).isEqualTo(spec);
        assertThat(RunSpec.read(spec.toJson()).toJson()).isEqualTo(spec.toJson());
        assertThat(new String(spec.toJson(), StandardCharsets.UTF_8))
                .contains("\"fit\" : \"cover\"")
                .contains("\"learningRate\" : 0.002");
    }

    @Test
    void thePriorityIsNotPartOfTheRunsIdentity() throws Exception {
        RunSpec usual = RunSpec.parse(json("{'dataset':'a','uri':'file:///a'}"));
        RunSpec urgent = RunSpec.parse(json("{'dataset':'a','uri':'file:///a','priority':10}"));
        assertThat(usual.priority()).isZero();
        assertThat(urgent.priority()).isEqualTo(10);
        assertThat(urgent.toJson()).isEqualTo(usual.toJson());
        for (String bad : new String[] {"11", "-11", "1.5", "'high'"}) {
            ObjectNode body = json("{'dataset':'a','uri':'file:///a','priority':%s}".formatted(bad));
            InvalidSpecException refused = catchThrowableOfType(InvalidSpecException.class, () -> RunSpec.parse(body));
            assertThat(refused.errors()).as(bad).singleElement().satisfies(error -> {
                assertThat(error.field()).isEqualTo("/priority");
                assertThat(error.remedy()).contains("-10 to 10");
            });
        }
    }

    @Test
    void initialWeightsAreAFileOrAnArtifactOfTheStore() throws Exception {
        String digest = "ab".repeat(32);
        String stored = "{'uri':'store:weights/ab/%s.safetensors','sha256':'%s','bytes':7}".formatted(digest, digest);
        RunSpec spec = RunSpec.parse(json(
                "{'dataset':'a','uri':'file:///a','classifier':{'initialWeights':'file:///w.safetensors'},'autoencoder':{'initialWeights':%s}}"
                        .formatted(stored)));
        assertThat(spec.classifier().initialWeights()).isEqualTo(new WeightsSource.File("file:///w.safetensors"));
        assertThat(spec.autoencoder().initialWeights())
                .isEqualTo(new WeightsSource.Stored(
                        new ArtifactRef("store:weights/ab/" + digest + ".safetensors", digest, 7)));
        assertThat(RunSpec.read(spec.toJson())).isEqualTo(spec);
        for (String bad : new String[] {
            "7",
            "'s3://w'",
            "{}",
            stored.replace("weights/ab", "../ab"),
            stored.replace("/ab/a", "/ab/b"),
            stored.replace("'bytes':7", "'bytes':-7")
        }) {
            ObjectNode body =
                    json("{'dataset':'a','uri':'file:///a','classifier':{'initialWeights':%s}}".formatted(bad));
            InvalidSpecException refused = catchThrowableOfType(InvalidSpecException.class, () -> RunSpec.parse(body));
            assertThat(refused.errors())
                    .as(bad)
                    .extracting(FieldError::field)
                    .containsExactly("/classifier/initialWeights");
        }
    }

    static Stream<Arguments> strategies() {
        return Stream.of(
                Arguments.of("'none'", new Strategy.None()),
                Arguments.of("'auto'", new Strategy.Auto()),
                Arguments.of("'not majority'", new Strategy.Auto()),
                Arguments.of("'minority'", new Strategy.Minority()),
                Arguments.of("'not minority'", new Strategy.NotMinority()),
                Arguments.of("'all'", new Strategy.All()),
                Arguments.of("0.75", new Strategy.Ratio(0.75)),
                Arguments.of("1", new Strategy.Ratio(1)),
                Arguments.of("{'atLeast':40}", new Strategy.AtLeast(40)),
                Arguments.of("{'counts':{'Cubism':600}}", new Strategy.Counts(Map.of("Cubism", 600L))));
    }

    @ParameterizedTest
    @MethodSource("strategies")
    void everyStrategyIsReadAndWritten(String wire, Strategy strategy) throws Exception {
        RunSpec spec =
                RunSpec.parse(json("{'dataset':'a','uri':'file:///a','balance':{'strategy':%s}}".formatted(wire)));
        assertThat(spec.balance().strategy()).isEqualTo(strategy);
        assertThat(RunSpec.read(spec.toJson())).isEqualTo(spec);
    }

    @ParameterizedTest
    @CsvSource({"smote", "random-over", "random-under", "class-weights"})
    void everyMethodIsReadAndWritten(String method) throws Exception {
        RunSpec spec = RunSpec.parse(json(
                "{'dataset':'a','uri':'file:///a','balance':{'method':'%s','strategy':'auto'}}".formatted(method)));
        assertThat(spec.balance().method().jsonName()).isEqualTo(method);
        assertThat(RunSpec.read(spec.toJson())).isEqualTo(spec);
    }

    @Test
    void adaptiveNeighboursAreTheMostThatASmallClassHas() throws Exception {
        RunSpec spec = RunSpec.parse(
                json("{'dataset':'a','uri':'file:///a','balance':{'neighbours':'adaptive','baseSampling':'even'}}"));
        assertThat(spec.balance().baseSampling()).isEqualTo(BaseSampling.EVEN);
        NeighbourChoice adaptive = spec.balance().neighbours();
        assertThat(Stream.of(1L, 2L, 5L, 6L, 7L, 900L).map(adaptive::of)).containsExactly(1, 1, 4, 5, 5, 5);
        assertThat(NeighbourChoice.fixed(7).of(3)).isEqualTo(7);
        assertThat(RunSpec.read(spec.toJson())).isEqualTo(spec);
        assertThat(new String(spec.toJson(), StandardCharsets.UTF_8)).contains("\"neighbours\" : \"adaptive\"");
    }

    @Test
    void aFieldThatIsNoLongerOneIsRefusedWithTheFieldsThatAre() throws Exception {
        for (String[] renamed : new String[][] {
            {"{'balance':{'coverage':'even'}}", "Allowed here: method, strategy, neighbours, baseSampling, seed"},
            {"{'classifier':{'gradientNorm':5}}", "maxGradNorm"},
            {"{'classifier':{'warmUp':0.1}}", "did you mean 'warmupRatio'?"},
            {"{'classifier':{'augment':'flip'}}", "did you mean 'augmentation'?"},
            {"{'autoencoder':{'init':'file:///w'}}", "did you mean 'initialWeights'?"}
        }) {
            ObjectNode body = json("{'dataset':'a','uri':'file:///a'}");
            body.setAll(json(renamed[0]));
            InvalidSpecException refused = catchThrowableOfType(InvalidSpecException.class, () -> RunSpec.parse(body));
            assertThat(refused.errors())
                    .singleElement()
                    .satisfies(error -> assertThat(error.remedy()).contains(renamed[1]));
        }
    }

    @Test
    void nothingIsSuggestedForANameThatIsLikeNone() throws Exception {
        ObjectNode body = json("{'dataset':'a','uri':'file:///a','colour':1}");
        InvalidSpecException refused = catchThrowableOfType(InvalidSpecException.class, () -> RunSpec.parse(body));
        assertThat(refused.errors().getFirst().remedy())
                .isEqualTo(
                        "Allowed here: dataset, uri, split, image, balance, classifier, autoencoder, clusters, priority");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "{'classifier':{'epochs':-1}}|/classifier/epochs|a whole number from 1",
                "{'classifier':{'epochs':1.5}}|/classifier/epochs|a whole number from 1",
                "{'classifier':{'epochs':1e99}}|/classifier/epochs|a whole number from 1",
                "{'classifier':{'epoch':3}}|/classifier/epoch|did you mean 'epochs'",
                "{'autoencoder':{'dropout':0.1}}|/autoencoder/dropout|Allowed here: preset, latent",
                "{'blance':{}}|/blance|did you mean 'balance'",
                "{'image':{'side':100}}|/image/side|a multiple of 8",
                "{'image':{'fit':'crop'}}|/image/fit|one of stretch, cover, letterbox",
                "{'image':3}|/image|an object {",
                "{'dataset':' '}|/dataset|a non-blank string of at most 200 characters",
                "{'uri':'http://x'}|/uri|file:///path",
                "{'balance':{'strategy':'majority'}}|/balance/strategy|one of none, auto",
                "{'balance':{'strategy':1.5}}|/balance/strategy|a ratio above 0 to 1",
                "{'balance':{'strategy':{'atLeast':-1}}}|/balance/strategy|atLeast",
                "{'balance':{'neighbours':0}}|/balance/neighbours|a whole number from 1",
                "{'balance':{'neighbours':'many'}}|/balance/neighbours|adaptive",
                "{'balance':{'method':'adasyn'}}|/balance/method|one of smote, random-over, random-under, class-weights",
                "{'balance':{'baseSampling':'full'}}|/balance/baseSampling|one of random, even",
                "{'balance':{'method':'random-under','strategy':'not majority'}}|/balance/strategy|auto, not minority",
                "{'balance':{'seed':4294967296}}|/balance/seed|a whole number from 0 to 4294967295",
                "{'split':{'test':0.6,'validation':0.5}}|/split/validation|must be below 1",
                "{'classifier':{'preset':'renset'}}|/classifier/preset|one of resnet, seed-cnn",
                "{'classifier':{'schedule':'linear'}}|/classifier/schedule|one of constant, cosine",
                "{'classifier':{'augmentation':true}}|/classifier/augmentation|one of none, flip, standard",
                "{'classifier':{'warmupRatio':1}}|/classifier/warmupRatio|a number from 0 to below 1",
                "{'classifier':{'weightDecay':-1}}|/classifier/weightDecay|a number from 0 to 10",
                "{'classifier':{'maxGradNorm':-1}}|/classifier/maxGradNorm|a number of at least 0",
                "{'classifier':{'maxGradNorm':1e999}}|/classifier/maxGradNorm|a number of at least 0",
                "{'autoencoder':{'device':'gpu'}}|/autoencoder/device|auto, cpu, or gpu:0",
                "{'autoencoder':{'patience':-1}}|/autoencoder/patience|a whole number from 0 to 100000",
                "{'autoencoder':{'labelSmoothing':0.1}}|/autoencoder/labelSmoothing|Allowed here: preset, latent",
                "{'classifier':{'learningRate':'fast'}}|/classifier/learningRate|a number above 0",
                "{'clusters':{'k':0}}|/clusters/k|a whole number from 1"
            })
    void anInvalidFieldIsReportedWithItsRemedy(String fields, String pointer, String remedy) throws Exception {
        ObjectNode body = json("{'dataset':'a','uri':'file:///a'}");
        body.setAll(json(fields));

        InvalidSpecException refused = catchThrowableOfType(InvalidSpecException.class, () -> RunSpec.parse(body));

        assertThat(refused.errors()).singleElement().satisfies(error -> {
            assertThat(error.field()).isEqualTo(pointer);
            assertThat(error.remedy()).contains(remedy);
            assertThat(error.found()).isNotBlank();
        });
    }

    @Test
    void allErrorsAreReportedAtOnce() throws Exception {
        InvalidSpecException refused = catchThrowableOfType(
                InvalidSpecException.class,
                () -> RunSpec.parse(json("{'dataset':'a','classifier':{'epochs':-1},'colour':1}")));
        assertThat(refused.errors())
                .extracting(FieldError::field)
                .containsExactlyInAnyOrder("/colour", "/uri", "/classifier/epochs");
    }

    private static ObjectNode json(String text) throws JsonProcessingException {
        return (ObjectNode) EventCodec.json().readTree(text.replace('\'', '"'));
    }
}
