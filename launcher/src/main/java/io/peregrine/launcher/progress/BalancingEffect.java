package io.peregrine.launcher.progress;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.EventCodec;
import io.peregrine.events.spec.InvalidSpecException;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.launcher.compare.Candidate;
import io.peregrine.launcher.compare.Tested;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/// What balancing changed: a run's classifier beside one that was trained without balancing, on the same images
/// and with as many optimizer steps. One training of each: `./peregrine compare` measures several.
///
/// @param with results of the balanced run
/// @param without results of the run without balancing
public record BalancingEffect(RunResults with, RunResults without) {
    /// Smallest classes that get a line of their own.
    private static final int SHOWN = 8;

    /// The run to compare with. Only its classifier is of interest, so the other stages get the smallest
    /// settings.
    ///
    /// @param balanced data of the balanced run's dataset-ready event, with its number of epochs
    /// @param strategy its strategy, such as `atLeast:40`
    /// @param classes training images of each class
    public static ObjectNode specWithoutBalancing(ObjectNode balanced, String strategy, Collection<Long> classes) {
        ObjectNode spec = balanced.deepCopy();
        Candidate none = Candidate.read("none");
        none.into(spec);
        RunSpec read = parsed(balanced);
        int batchSize = read.classifier().batchSize();
        long steps = read.classifier().epochs()
                * Math.ceilDiv(Candidate.read(strategy).rows(classes), batchSize);
        long epochs = Math.max(1, Math.round((double) steps / Math.ceilDiv(none.rows(classes), batchSize)));
        spec.put("dataset", balanced.path("dataset").asText() + ", not balanced");
        spec.withObjectProperty("classifier").put("epochs", epochs);
        spec.withObjectProperty("autoencoder").put("epochs", 1).put("latent", 8);
        spec.withObjectProperty("clusters").put("k", 1);
        return spec;
    }

    private static RunSpec parsed(ObjectNode spec) {
        try {
            return RunSpec.parse(spec);
        } catch (InvalidSpecException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private boolean isEnlarged(int label) {
        return with.classes().get(label).path("after").asLong()
                > with.classes().get(label).path("before").asLong();
    }

    /// @return mean recall over the chosen classes that have test images
    private static double recall(Tested test, IntPredicate chosen) {
        return IntStream.range(0, test.recall().size())
                .filter(chosen)
                .filter(label -> test.recall().get(label) != null)
                .mapToDouble(test.recall()::get)
                .average()
                .orElse(Double.NaN);
    }

    /// @return lines for the summary: recall of the smallest classes, of all that balancing enlarged and of the
    ///     others, and the measures over all classes
    public List<String> lines() {
        Tested before = without.test().orElseThrow();
        Tested after = with.test().orElseThrow();
        List<String> lines = new ArrayList<>();
        lines.add("What balancing changed: the same classifier on the same images, trained without and with balancing,"
                + " as many steps each");
        lines.add(line("Recall on the test images", "without", "with"));
        List<Long> images = with.trainingImages();
        IntStream.range(0, images.size())
                .boxed()
                .sorted(Comparator.comparing(images::get))
                .limit(SHOWN)
                .forEach(label -> lines.add(row(
                        "%s, %d images".formatted(with.classNames().get(label), images.get(label)),
                        before.recall().get(label),
                        after.recall().get(label))));
        long enlarged =
                IntStream.range(0, images.size()).filter(this::isEnlarged).count();
        lines.add(row(
                "mean of the %d classes that were enlarged".formatted(enlarged),
                recall(before, this::isEnlarged),
                recall(after, this::isEnlarged)));
        lines.add(row(
                "mean of the %d others".formatted(images.size() - enlarged),
                recall(before, label -> !isEnlarged(label)),
                recall(after, label -> !isEnlarged(label))));
        lines.add(row("Balanced accuracy", before.balancedAccuracy(), after.balancedAccuracy()));
        lines.add(row("Accuracy", before.accuracy(), after.accuracy()));
        lines.add(
                "One training each: another seed may differ. ./peregrine compare FOLDER trains several and shows the error.");
        return lines;
    }

    private static String row(String name, Double before, Double after) {
        return line(name, shown(before), shown(after));
    }

    /// @return a dash for a class without test images
    private static String shown(Double share) {
        return share == null || share.isNaN() ? "–" : String.format(Locale.ROOT, "%.3f", share);
    }

    private static String line(String name, String before, String after) {
        return "  %-44s %8s %8s".formatted(name, before, after);
    }

    /// @return the field `withoutBalancing` of `--json`
    public ObjectNode json() {
        Tested test = without.test().orElseThrow();
        return EventCodec.json()
                .createObjectNode()
                .put("run", without.run())
                .put("accuracy", test.accuracy())
                .put("balancedAccuracy", test.balancedAccuracy())
                .put("recallOfEnlargedClasses", recall(test, this::isEnlarged));
    }
}
