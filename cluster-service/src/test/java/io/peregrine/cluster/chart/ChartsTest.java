package io.peregrine.cluster.chart;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.charts.Axis;
import io.peregrine.charts.Chart;
import io.peregrine.charts.ChartFormat;
import io.peregrine.charts.Palette;
import io.peregrine.charts.Pen;
import java.awt.Color;
import java.awt.geom.Point2D;
import java.awt.geom.Rectangle2D;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class ChartsTest {
    /// The coordinates in an SVG are rounded to hundredths.
    private static final Offset<Double> HUNDREDTH = within(0.01);

    private static final List<String> WIKIART = List.of(
            "Abstract_Expressionism",
            "Mannerism_Late_Renaissance",
            "<script>alert(1)</script>",
            "O'Keeffe & \"friends\"",
            "Ein sehr, sehr langer Name, den niemand in eine Zeile schreiben würde, der bei Sinnen ist");

    private static Document svg(Chart chart) throws Exception {
        byte[] svg = ChartFormat.SVG.of(chart);
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(svg));
    }

    private static List<Element> elements(Document svg, String tag) {
        NodeList found = svg.getElementsByTagName(tag);
        return IntStream.range(0, found.getLength())
                .mapToObj(i -> (Element) found.item(i))
                .toList();
    }

    private static List<String> texts(Chart chart) throws Exception {
        return elements(svg(chart), "text").stream()
                .map(Element::getTextContent)
                .toList();
    }

    private static double number(Element element, String attribute) {
        return Double.parseDouble(element.getAttribute(attribute));
    }

    private static String rgb(Color colour) {
        return "rgb(%d,%d,%d)".formatted(colour.getRed(), colour.getGreen(), colour.getBlue());
    }

    /// @return the grid lines of a chart with one panel, the lowest first
    private static List<Double> gridLines(Document svg) {
        return elements(svg, "line").stream()
                .filter(line -> line.getAttribute("style").contains("stroke:" + rgb(Pen.GRID)))
                .map(line -> number(line, "y1"))
                .sorted(Collections.reverseOrder())
                .toList();
    }

    /// @return the places of the first series' marks, without the one in the legend below the axis
    private static List<Point2D> marks(Document svg) {
        double axis = gridLines(svg).getFirst();
        return elements(svg, "ellipse").stream()
                .filter(mark -> mark.getAttribute("style").contains("fill:" + rgb(Palette.colour(0))))
                .filter(mark -> number(mark, "cy") <= axis)
                .<Point2D>map(mark -> new Point2D.Double(number(mark, "cx"), number(mark, "cy")))
                .toList();
    }

    private static List<String> names(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> i < WIKIART.size() ? WIKIART.get(i) : "Class_" + i)
                .toList();
    }

    /// Row i: 10 · (i + 1) correct predictions, and one prediction of the first class.
    private static ConfusionChart confusion(int classes) {
        List<List<Long>> counts = new ArrayList<>();
        for (int truth = 0; truth < classes; truth++) {
            List<Long> row = new ArrayList<>(Collections.nCopies(classes, 0L));
            row.set(0, truth == 0 ? 0L : 1L);
            row.set(truth, 10L * (truth + 1));
            counts.add(row);
        }
        return new ConfusionChart("Confusion", "so many", names(classes), counts);
    }

    @Test
    void confusionMatrixHasCountsSharesRecallAndPrecision() throws Exception {
        List<String> texts = texts(confusion(3));
        // Class 1 has 21 images, 20 of them found; 10 of the 12 predicted as class 0 are correct.
        assertThat(texts)
                .contains(
                        "20", "95 %", "21", "95", "83", "True class", "Predicted class", "Recall (%)", "Precision (%)");
        assertThat(texts).filteredOn("<script>alert(1)</script>"::equals).hasSize(2);
    }

    @Test
    void confusionMatrixOf27ClassesHasEveryCountAndEveryName() throws Exception {
        List<String> texts = texts(confusion(27));
        for (int truth = 1; truth < 27; truth++) {
            assertThat(texts).contains(Integer.toString(10 * (truth + 1)));
        }
        assertThat(texts).contains("Mannerism_Late_Renaissance", "Class_26");
        assertThat(texts).anyMatch(text -> text.startsWith("Ein sehr") && text.contains("…"));
    }

    @Test
    void manyClassesDoNotEnlargeTheImage() {
        ConfusionChart chart = confusion(900);
        assertThat(chart.width()).isLessThan(1_500);
        assertThat(chart.height()).isLessThan(1_500);
        assertThat(ChartFormat.SVG.of(chart).length).isLessThan(1_000_000);
    }

    @Test
    void classWithoutTestImagesHasADashForItsRecall() throws Exception {
        List<List<Long>> counts = List.of(List.of(0L, 0L), List.of(0L, 3L));
        assertThat(texts(new ConfusionChart("t", "s", List.of("none", "some"), counts)))
                .contains("–")
                .doesNotContain("NaN");
    }

    private static ClusterPlot plot(int clusters, int points) {
        Random random = new Random(3);
        List<ClusterPlot.Group> groups = new ArrayList<>();
        List<ClusterPlot.Centre> centres = new ArrayList<>();
        for (int cluster = 0; cluster < clusters; cluster++) {
            double x = random.nextGaussian() * 30;
            double y = random.nextGaussian() * 30;
            double[] xs = new double[points / clusters];
            double[] ys = new double[points / clusters];
            for (int i = 0; i < xs.length; i++) {
                xs[i] = x + 10 * random.nextGaussian();
                ys[i] = y + 10 * random.nextGaussian();
            }
            groups.add(new ClusterPlot.Group(names(clusters).get(cluster), xs, ys));
            centres.add(new ClusterPlot.Centre(names(clusters).get(cluster), x, y));
        }
        return new ClusterPlot("Clusters", "so many", "Cluster", groups, centres, "First (units)", "Second (units)");
    }

    @Test
    void everyCentreAndEveryLegendRowHasAName() throws Exception {
        List<String> texts = texts(plot(27, 1_500));
        for (String name : names(27).subList(0, 4)) {
            assertThat(texts).filteredOn(name::equals).as(name).hasSize(2);
        }
        assertThat(texts).contains("First (units)", "Second (units)", "Cluster", "55");
    }

    @Test
    void hundredThousandImagesGiveAFileThatABrowserCanShow() {
        byte[] svg = ChartFormat.SVG.of(plot(27, 100_000));
        assertThat(svg.length).isLessThan(3_000_000);
        assertThat(Pattern.compile("<path").matcher(new String(svg, UTF_8)).results())
                .as("a path for each group")
                .hasSizeLessThan(60);
    }

    @Test
    void imagesAtOnePositionGiveAValidChart() throws Exception {
        ClusterPlot.Group one = new ClusterPlot.Group("one", new double[] {3, 3, 3}, new double[] {4, 4, 4});
        ClusterPlot chart = new ClusterPlot(
                "t", "s", "Class", List.of(one), List.of(new ClusterPlot.Centre("one", 3, 4)), "x", "y");
        String svg = new String(ChartFormat.SVG.of(chart), UTF_8);
        assertThat(svg).doesNotContain("NaN").doesNotContain("Infinity");
        assertThat(texts(chart)).contains("3");
    }

    @Test
    void labelsDoNotOverlap() {
        LabelPlaces places = new LabelPlaces(0, 0, 640, 640);
        Random random = new Random(5);
        List<Rectangle2D> found = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            Rectangle2D place = places.beside(
                    300 + 20 * random.nextGaussian(), 300 + 20 * random.nextGaussian(), 60 + random.nextInt(60), 16);
            assertThat(place).as("label " + i).isNotNull();
            assertThat(found).noneMatch(place::intersects);
            assertThat(new Rectangle2D.Double(0, 0, 640, 640).contains(place)).isTrue();
            found.add(place);
        }
    }

    @Test
    void historyHasALinePerMeasureAndAMarkForTheTest() throws Exception {
        int[] epochs = {1, 2, 3};
        HistoryChart chart = new HistoryChart(
                "Training",
                "run",
                List.of(
                        new HistoryChart.Panel(
                                "Loss",
                                "Nats",
                                false,
                                List.of(
                                        new HistoryChart.Series("training", epochs, new double[] {2.4, 1.2, .6}),
                                        new HistoryChart.Series("test", new int[] {3}, new double[] {.9}))),
                        new HistoryChart.Panel(
                                "Accuracy",
                                "Share",
                                true,
                                List.of(new HistoryChart.Series("training", epochs, new double[] {.3, .5, .9})))));
        assertThat(texts(chart)).contains("Loss", "Nats", "Epoch", "training", "test", "2.5", "100 %", "0 %", "3");
        String svg = new String(ChartFormat.SVG.of(chart), UTF_8);
        List<String> lines = Pattern.compile("<path d='M[^']*L[^']*'/>")
                .matcher(svg)
                .results()
                .map(MatchResult::group)
                .filter(path -> path.chars().filter(c -> c == 'L').count() == 2 && !path.contains("Z"))
                .toList();
        assertThat(lines).as("lines of three epochs").hasSize(2);
    }

    private static HistoryChart losses(int[] epochs, double... values) {
        HistoryChart.Series series = new HistoryChart.Series("training", epochs, values);
        return new HistoryChart(
                "Training", "run", List.of(new HistoryChart.Panel("Loss", "Nats", false, List.of(series))));
    }

    @Test
    void aMarkLiesAtItsEpochAndItsValue() throws Exception {
        double[] values = {2.4, 1.2, 0.6};
        Document svg = svg(losses(new int[] {1, 2, 3}, values));

        List<Double> grid = gridLines(svg);
        List<Double> ticks = elements(svg, "line").stream()
                .filter(line -> number(line, "x1") == number(line, "x2"))
                .map(line -> number(line, "x1"))
                .toList();
        Axis loss = Axis.around(0, 2.4, 5, grid.getFirst(), grid.getLast());
        assertThat(grid).hasSameSizeAs(loss.ticks());
        List<Point2D> marks = marks(svg);
        assertThat(marks).hasSameSizeAs(values);
        assertThat(ticks).as("ticks of the epochs").hasSameSizeAs(values);
        for (int i = 0; i < values.length; i++) {
            assertThat(grid.get(i))
                    .as("grid line %d", i)
                    .isCloseTo(loss.at(loss.ticks().get(i)), HUNDREDTH);
            assertThat(marks.get(i).getX()).as("epoch %d", i + 1).isEqualTo(ticks.get(i));
            assertThat(marks.get(i).getY()).as("loss %s", values[i]).isCloseTo(loss.at(values[i]), HUNDREDTH);
        }
    }

    @Test
    void theLineOfASeriesConnectsItsMarks() throws Exception {
        Document svg = svg(losses(new int[] {1, 2, 3}, 2.4, 1.2, 0.6));

        List<String> lines = elements(svg, "path").stream()
                .filter(path -> ((Element) path.getParentNode())
                        .getAttribute("style")
                        .contains("stroke:" + rgb(Palette.colour(0))))
                .map(path -> path.getAttribute("d"))
                .toList();
        assertThat(lines).singleElement().satisfies(line -> {
            List<Point2D> corners = Pattern.compile("[ML]([^,]+),([^L]+)")
                    .matcher(line)
                    .results()
                    .<Point2D>map(corner -> new Point2D.Double(
                            Double.parseDouble(corner.group(1)), Double.parseDouble(corner.group(2))))
                    .toList();
            assertThat(corners).isEqualTo(marks(svg));
        });
    }

    @Test
    void oneEpochIsAMark() throws Exception {
        HistoryChart chart = losses(new int[] {1}, 2.4);
        assertThat(texts(chart)).contains("1");
        assertThat(marks(svg(chart))).hasSize(1);
        assertThat(new String(ChartFormat.SVG.of(chart), UTF_8)).doesNotContain("NaN");
    }
}
