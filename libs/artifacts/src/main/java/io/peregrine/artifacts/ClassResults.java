package io.peregrine.artifacts;

import io.peregrine.artifacts.store.ArtifactPublisher;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/// A classifier's predictions for the test images, by class: the nonzero cells of the confusion matrix, and each
/// class's recall and precision, as scikit-learn defines them.
///
/// The artifact `test` contains `truth`, `predicted`, `count` i64 [cells], sorted by truth and then predicted,
/// and `recall`, `precision` f64 [classes], NaN where they were not measured. A full matrix of 10,000 classes
/// would take 800 MB; the number of nonzero cells is at most the number of test images.
public final class ClassResults {
    private static final String KIND = "test";

    private final int classes;
    private final long[] truth;
    private final long[] predicted;
    private final long[] count;
    private final long[] truths;
    private final long[] predictions;
    private final long[] correct;

    private ClassResults(int classes, long[] truth, long[] predicted, long[] count) {
        this.classes = classes;
        this.truth = truth;
        this.predicted = predicted;
        this.count = count;
        truths = new long[classes];
        predictions = new long[classes];
        correct = new long[classes];
        for (int cell = 0; cell < count.length; cell++) {
            truths[(int) truth[cell]] += count[cell];
            predictions[(int) predicted[cell]] += count[cell];
            if (truth[cell] == predicted[cell]) {
                correct[(int) truth[cell]] += count[cell];
            }
        }
    }

    /// Counts pairs of true and predicted class. Not thread-safe.
    public static final class Counter {
        private final int classes;
        private final Map<Long, long[]> cells = new TreeMap<>();

        /// @param classes number of classes
        public Counter(int classes) {
            this.classes = classes;
        }

        /// Adds one image.
        public void add(int truth, int predicted) {
            add(truth, predicted, 1);
        }

        /// Adds images of one class with the same prediction.
        public Counter add(int truth, int predicted, long images) {
            if (truth < 0 || truth >= classes || predicted < 0 || predicted >= classes) {
                throw new IllegalArgumentException(
                        "Class %d predicted as %d: both must be below %d".formatted(truth, predicted, classes));
            }
            cells.computeIfAbsent((long) truth * classes + predicted, cell -> new long[1])[0] += images;
            return this;
        }

        /// @return the counts so far
        public ClassResults results() {
            long[] truth =
                    cells.keySet().stream().mapToLong(cell -> cell / classes).toArray();
            long[] predicted =
                    cells.keySet().stream().mapToLong(cell -> cell % classes).toArray();
            long[] count =
                    cells.values().stream().mapToLong(images -> images[0]).toArray();
            return new ClassResults(classes, truth, predicted, count);
        }
    }

    public ArtifactRef publish(ArtifactPublisher publisher) {
        long[] cells = {count.length};
        long[] each = {classes};
        double[] recall = new double[classes];
        double[] precision = new double[classes];
        for (int label = 0; label < classes; label++) {
            recall[label] = recall(label);
            precision[label] = precision(label);
        }
        SafetensorsWriter writer = new SafetensorsWriter()
                .metadata("format", "peregrine-test-1")
                .add("truth", cells, truth)
                .add("predicted", cells, predicted)
                .add("count", cells, count)
                .add("recall", each, recall)
                .add("precision", each, precision);
        return publisher.publish(KIND, "safetensors", writer::writeTo);
    }

    /// @throws io.peregrine.events.FailureException INTERNAL if the artifact is missing, changed or of another
    ///     kind
    public static ClassResults open(ArtifactStore store, ArtifactRef ref) {
        try (Safetensors file = Safetensors.open(store, ref)) {
            return new ClassResults(
                    Math.toIntExact(file.tensor("recall").elements()),
                    file.tensor("truth").longs(),
                    file.tensor("predicted").longs(),
                    file.tensor("count").longs());
        }
    }

    /// @return number of classes
    public int classes() {
        return classes;
    }

    /// @return number of nonzero cells
    public int cells() {
        return count.length;
    }

    /// @param cell 0 to cells − 1, sorted by truth and then predicted
    /// @return the cell's true class
    public int truth(int cell) {
        return (int) truth[cell];
    }

    /// @return the cell's predicted class
    public int predicted(int cell) {
        return (int) predicted[cell];
    }

    /// @return the cell's number of images
    public long count(int cell) {
        return count[cell];
    }

    /// @return number of all images
    public long images() {
        long sum = 0;
        for (long images : count) {
            sum += images;
        }
        return sum;
    }

    private long correct() {
        long sum = 0;
        for (long images : correct) {
            sum += images;
        }
        return sum;
    }

    /// @return number of images of a class
    public long truths(int label) {
        return truths[label];
    }

    /// @return number of images that were predicted as a class
    public long predictions(int label) {
        return predictions[label];
    }

    /// @return number of images of a class that were predicted correctly
    public long correct(int label) {
        return correct[label];
    }

    /// @return share of a class's images that were predicted correctly; NaN if it has none
    public double recall(int label) {
        return truths[label] == 0 ? Double.NaN : (double) correct[label] / truths[label];
    }

    /// @return share of the images predicted as a class that belong to it; NaN if none were predicted
    public double precision(int label) {
        return predictions[label] == 0 ? Double.NaN : (double) correct[label] / predictions[label];
    }

    /// @return share of images that were predicted correctly; NaN if there are none
    public double accuracy() {
        long all = images();
        return all == 0 ? Double.NaN : (double) correct() / all;
    }

    /// @return mean recall of the classes that occur (`balanced_accuracy_score`); NaN without images
    public double balancedAccuracy() {
        double sum = 0;
        int occur = 0;
        for (int label = 0; label < classes; label++) {
            if (truths[label] > 0) {
                sum += recall(label);
                occur++;
            }
        }
        return occur == 0 ? Double.NaN : sum / occur;
    }

    /// @return mean F1 of the classes that occur or are predicted (`f1_score(average='macro')`); NaN without
    ///     images
    public double macroF1() {
        double sum = 0;
        int occur = 0;
        for (int label = 0; label < classes; label++) {
            long either = truths[label] + predictions[label];
            if (either > 0) {
                sum += 2.0 * correct[label] / either;
                occur++;
            }
        }
        return occur == 0 ? Double.NaN : sum / occur;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ClassResults results
                && classes == results.classes
                && Arrays.equals(truth, results.truth)
                && Arrays.equals(predicted, results.predicted)
                && Arrays.equals(count, results.count);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(truth) + Arrays.hashCode(count);
    }
}
