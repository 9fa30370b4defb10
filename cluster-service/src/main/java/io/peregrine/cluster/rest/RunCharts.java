package io.peregrine.cluster.rest;

import io.peregrine.charts.Chart;
import io.peregrine.cluster.chart.ClusterPlot;
import io.peregrine.cluster.chart.ConfusionChart;
import io.peregrine.cluster.chart.HistoryChart;
import io.peregrine.cluster.chart.HistoryChart.Panel;
import io.peregrine.cluster.chart.HistoryChart.Series;
import io.peregrine.cluster.postgres.ImageQueries.ProjectedPoint;
import io.peregrine.cluster.postgres.RunDetails;
import io.peregrine.cluster.postgres.RunDetails.Epoch;
import io.peregrine.cluster.postgres.RunDetails.TestResult;
import io.peregrine.cluster.postgres.RunDetails.Training;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/// Charts of a run.
final class RunCharts {
    /// Labels of up to this number of centres fit beside one another.
    private static final int MAX_CENTRES = 100;

    private RunCharts() {}

    /// @return empty before the end of the first epoch
    static Optional<Chart> history(RunDetails run) {
        List<Panel> panels = new ArrayList<>();
        if (run.classifier() != null) {
            TestResult test = run.classifier().test();
            panels.add(loss("Classifier: loss", "Cross-entropy (nats)", run.classifier()));
            List<Series> accuracy = new ArrayList<>();
            add(accuracy, run.classifier(), "accuracy", "accuracy, training rows");
            add(accuracy, run.classifier(), "validationAccuracy", "accuracy, validation");
            add(accuracy, run.classifier(), "validationBalancedAccuracy", "balanced accuracy, validation");
            if (test != null) {
                accuracy.add(atTheEnd("accuracy, test", run.classifier(), test.accuracy()));
                accuracy.add(atTheEnd("balanced accuracy, test", run.classifier(), test.balancedAccuracy()));
            }
            panels.add(new Panel("Classifier: accuracy", "Accuracy (share of images)", true, accuracy));
        }
        if (run.autoencoder() != null) {
            panels.add(loss("Autoencoder: loss", "Mean squared error (levels²)", run.autoencoder()));
        }
        return panels.isEmpty()
                ? Optional.empty()
                : Optional.of(new HistoryChart("Training on " + dataset(run), id(run), panels));
    }

    private static Panel loss(String title, String unit, Training training) {
        List<Series> series = new ArrayList<>();
        add(series, training, "loss", "training rows");
        add(series, training, "validationLoss", "validation");
        if (training.test() != null) {
            series.add(atTheEnd("test", training, training.test().loss()));
        }
        return new Panel(title, unit, false, series);
    }

    /// Adds a measure, if it exists.
    private static void add(List<Series> series, Training training, String measure, String name) {
        List<Epoch> epochs = training.history().stream()
                .filter(epoch -> epoch.measures().containsKey(measure))
                .toList();
        if (!epochs.isEmpty()) {
            series.add(new Series(
                    name,
                    epochs.stream().mapToInt(Epoch::epoch).toArray(),
                    epochs.stream()
                            .mapToDouble(epoch -> epoch.measures().get(measure))
                            .toArray()));
        }
    }

    private static Series atTheEnd(String name, Training training, double value) {
        return new Series(name, new int[] {training.history().getLast().epoch()}, new double[] {value});
    }

    /// @return empty before the classifier's test, or without test images
    static Optional<Chart> confusion(RunDetails run) {
        TestResult test = run.classifier() == null ? null : run.classifier().test();
        if (test == null || test.confusion() == null || test.confusion().isEmpty()) {
            return Optional.empty();
        }
        String measures = String.format(
                Locale.ROOT,
                "%,d test images, accuracy %.1f %%, balanced accuracy %.1f %%, %s",
                test.images(),
                100 * test.accuracy(),
                100 * test.balancedAccuracy(),
                id(run));
        return Optional.of(new ConfusionChart(
                "The classifier's confusion matrix on " + dataset(run), measures, test.classes(), test.confusion()));
    }

    /// @param classes names in label order
    /// @param clusters names by cluster index
    /// @param byClass whether a mark shows the image's class instead of its cluster
    /// @param variance shares of the components that are known
    static Chart clusters(
            RunDetails run,
            List<String> classes,
            List<String> clusters,
            List<ProjectedPoint> points,
            boolean byClass,
            double[] variance) {
        Map<String, Integer> places = new HashMap<>();
        classes.forEach(name -> places.put(name, places.size()));
        List<ClusterPlot.Group> ofClusters = groups(clusters, points, ProjectedPoint::cluster);
        Double agreement = run.clustering().measures().get("nmi.all");
        String measures = "%,d images, %,d clusters%s, %s"
                .formatted(
                        points.size(),
                        clusters.size(),
                        agreement == null ? "" : String.format(Locale.ROOT, ", NMI with the classes %.3f", agreement),
                        id(run));
        return new ClusterPlot(
                "Latents of " + dataset(run) + (byClass ? " by class" : " by cluster"),
                measures,
                byClass ? "Class, images" : "Cluster, images",
                byClass ? groups(classes, points, point -> places.get(point.label())) : ofClusters,
                ofClusters.stream()
                        .filter(cluster -> cluster.x().length > 0)
                        // Equally large clusters keep their order.
                        .sorted(Comparator.comparingInt(cluster -> -cluster.x().length))
                        .limit(MAX_CENTRES)
                        .map(cluster -> new ClusterPlot.Centre(cluster.name(), mean(cluster.x()), mean(cluster.y())))
                        .toList(),
                component("First", variance, 0),
                component("Second", variance, 1));
    }

    private static List<ClusterPlot.Group> groups(
            List<String> names, List<ProjectedPoint> points, ToIntFunction<ProjectedPoint> group) {
        List<List<ProjectedPoint>> members = new ArrayList<>();
        names.forEach(name -> members.add(new ArrayList<>()));
        points.forEach(point -> members.get(group.applyAsInt(point)).add(point));
        return IntStream.range(0, names.size())
                .mapToObj(i -> new ClusterPlot.Group(
                        names.get(i),
                        members.get(i).stream().mapToDouble(ProjectedPoint::x).toArray(),
                        members.get(i).stream().mapToDouble(ProjectedPoint::y).toArray()))
                .toList();
    }

    /// The projection is linear, so a centre's position is the mean of its images' positions.
    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElse(0);
    }

    private static String component(String which, double[] variance, int axis) {
        return axis < variance.length
                ? String.format(
                        Locale.ROOT,
                        "%s principal component of the latents (%.1f %% of the variance)",
                        which,
                        100 * variance[axis])
                : which + " principal component of the latents";
    }

    private static String dataset(RunDetails run) {
        return run.summary().dataset();
    }

    private static String id(RunDetails run) {
        return "run " + run.summary().run().substring(0, 8);
    }
}
