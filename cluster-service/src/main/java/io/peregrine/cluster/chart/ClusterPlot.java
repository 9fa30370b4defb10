package io.peregrine.cluster.chart;

import io.peregrine.charts.Axis;
import io.peregrine.charts.Chart;
import io.peregrine.charts.Lettering;
import io.peregrine.charts.Palette;
import io.peregrine.charts.Pen;
import io.peregrine.charts.Pen.Align;
import java.awt.Color;
import java.awt.Font;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;

/// The cluster plot of the report. Each image is a mark in the plane of the first two principal components, with
/// its group's colour and shape. Each cluster's centre carries its name.
///
/// @param legend title of the legend
/// @param groups in the legend's order
/// @param across label of the horizontal axis, with its unit
/// @param up label of the vertical axis, with its unit
public record ClusterPlot(
        String title,
        String subtitle,
        String legend,
        List<Group> groups,
        List<Centre> centres,
        String across,
        String up)
        implements Chart {
    /// Images with one colour.
    public record Group(String name, double[] x, double[] y) {}

    /// A cluster's centre.
    public record Centre(String name, double x, double y) {}

    private static final int LEFT = 84;
    private static final int TOP = 72;
    private static final int PLOT = 640;
    private static final int BOTTOM = 62;
    private static final int ROW = 20;
    private static final int COLUMN = 264;
    private static final int ROWS = PLOT / ROW - 1;
    private static final int COLUMNS = 3;
    private static final int LABEL = 240;

    private static final Font SMALL = Lettering.plain(12);
    private static final Font TEXT = Lettering.plain(13);
    private static final Font NAME = Lettering.bold(12);
    private static final Color HALO = new Color(255, 255, 255, 205);

    /// Maximum width, with any content.
    public static final int WIDEST = LEFT + PLOT + 24 + COLUMNS * COLUMN;

    public static final int HEIGHT = TOP + PLOT + BOTTOM;

    private int columns() {
        return Math.clamp((groups.size() + ROWS - 1) / ROWS, 1, COLUMNS);
    }

    @Override
    public int width() {
        return LEFT + PLOT + 24 + columns() * COLUMN;
    }

    @Override
    public int height() {
        return HEIGHT;
    }

    @Override
    public void draw(Pen pen) {
        pen.heading(title, subtitle, width());
        Axis x = axis(true, LEFT, LEFT + PLOT);
        Axis y = axis(false, TOP + PLOT, TOP);
        axes(pen, x, y);
        int points = groups.stream().mapToInt(group -> group.x().length).sum();
        // The largest group is drawn first, so that a small one does not vanish below it.
        IntStream.range(0, groups.size())
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> -groups.get(i).x().length))
                .forEach(i -> marks(pen, i, size(points), x, y));
        pen.outline(new Rectangle2D.Double(LEFT, TOP, PLOT, PLOT), Pen.GREY, 1);
        centres(pen, x, y);
        legend(pen);
    }

    /// @return size of a mark; many marks must be small to be distinguishable
    private static double size(int points) {
        return Math.clamp(7 * Math.pow(500.0 / Math.max(1, points), 0.25), 2, 7);
    }

    private Axis axis(boolean across, double start, double end) {
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (Group group : groups) {
            for (double value : across ? group.x() : group.y()) {
                low = Math.min(low, value);
                high = Math.max(high, value);
            }
        }
        double margin = high > low ? 0.03 * (high - low) : 1;
        return Axis.within(low - margin, high + margin, 10, start, end);
    }

    private void axes(Pen pen, Axis x, Axis y) {
        for (double tick : x.ticks()) {
            pen.line(x.at(tick), TOP, x.at(tick), TOP + PLOT, Pen.GRID, 1);
            pen.text(x.label(tick), x.at(tick), TOP + PLOT + 18, Align.CENTRE, SMALL, Pen.GREY);
        }
        for (double tick : y.ticks()) {
            pen.line(LEFT, y.at(tick), LEFT + PLOT, y.at(tick), Pen.GRID, 1);
            pen.text(y.label(tick), LEFT - 8, y.at(tick) + 4.5, Align.RIGHT, SMALL, Pen.GREY);
        }
        pen.text(across, LEFT + PLOT / 2.0, TOP + PLOT + 42, Align.CENTRE, TEXT, Pen.INK);
        pen.turned(up, 20, TOP + PLOT / 2.0, -90, Align.CENTRE, TEXT, Pen.INK);
    }

    /// All marks of a group form one path, and overlapping marks are merged: 100,000 images give a file of one or
    /// two megabytes instead of ten.
    private void marks(Pen pen, int number, double size, Axis x, Axis y) {
        Group group = groups.get(number);
        Path2D path = new Path2D.Double(Path2D.WIND_NON_ZERO);
        Set<Long> drawn = new HashSet<>();
        // Below three pixels shapes are not visible.
        boolean dots = size < 3 || Palette.isRound(number);
        double grain = size < 3 ? size / 2 : size / 4;
        for (int i = 0; i < group.x().length; i++) {
            long column = Math.round(x.at(group.x()[i]) / grain);
            long row = Math.round(y.at(group.y()[i]) / grain);
            if (drawn.add(column << 32 | row)) {
                if (dots) {
                    path.moveTo(column * grain, row * grain);
                    path.lineTo(column * grain, row * grain);
                } else {
                    path.append(Palette.mark(number, column * grain, row * grain, size), false);
                }
            }
        }
        Color colour = Palette.colour(number);
        Color light = new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), 190);
        if (dots) {
            pen.dots(path, light, size);
        } else {
            pen.fill(path, light);
        }
    }

    private void centres(Pen pen, Axis x, Axis y) {
        LabelPlaces places = new LabelPlaces(LEFT + 4, TOP + 4, LEFT + PLOT - 4, TOP + PLOT - 4);
        centres.forEach(centre -> places.keepFree(x.at(centre.x()) - 5, y.at(centre.y()) - 5, 10, 10));
        for (Centre centre : centres) {
            double atX = x.at(centre.x());
            double atY = y.at(centre.y());
            String name = Lettering.fitted(Lettering.printable(centre.name()), NAME, LABEL);
            double width = Lettering.width(name, NAME) + 6;
            Rectangle2D place = places.beside(atX, atY, width, 16);
            if (place != null) {
                pen.outline(LabelPlaces.leader(atX, atY, place), Pen.INK, 0.8);
                pen.rectangle(place.getX(), place.getY(), place.getWidth(), place.getHeight(), HALO);
                pen.text(name, place.getX() + 3, place.getY() + 12.2, Align.LEFT, NAME, Pen.INK);
            }
        }
        for (Centre centre : centres) {
            double atX = x.at(centre.x());
            double atY = y.at(centre.y());
            for (double[] stroke : new double[][] {{1, 5}, {0, 2.2}}) {
                Color colour = stroke[0] > 0 ? Color.WHITE : Pen.INK;
                pen.line(atX - 4, atY - 4, atX + 4, atY + 4, colour, stroke[1]);
                pen.line(atX - 4, atY + 4, atX + 4, atY - 4, colour, stroke[1]);
            }
        }
    }

    private void legend(Pen pen) {
        double left = LEFT + PLOT + 24;
        pen.text(legend, left, TOP + 12, Align.LEFT, Lettering.bold(13), Pen.INK);
        int room = ROWS * COLUMNS;
        int shown = groups.size() <= room ? groups.size() : room - 1;
        for (int i = 0; i < shown; i++) {
            double x = left + i / ROWS * COLUMN;
            double y = TOP + ROW * (1.8 + i % ROWS);
            pen.fill(Palette.mark(i, x + 7, y - 4.5, 9), Palette.colour(i));
            String count = String.format(Locale.ROOT, "%,d", groups.get(i).x().length);
            double width = COLUMN - 20 - 30 - Lettering.width(count, SMALL);
            String name = Lettering.fitted(Lettering.printable(groups.get(i).name()), SMALL, width);
            pen.text(name, x + 20, y, Align.LEFT, SMALL, Pen.INK);
            pen.text(count, x + COLUMN - 20, y, Align.RIGHT, SMALL, Pen.GREY);
        }
        if (shown < groups.size()) {
            pen.text(
                    "and %,d more".formatted(groups.size() - shown),
                    left + (COLUMNS - 1) * COLUMN,
                    TOP + ROW * (1.8 + ROWS - 1),
                    Align.LEFT,
                    SMALL,
                    Pen.GREY);
        }
    }
}
