package io.peregrine.cluster.chart;

import io.peregrine.charts.Axis;
import io.peregrine.charts.Chart;
import io.peregrine.charts.Lettering;
import io.peregrine.charts.Palette;
import io.peregrine.charts.Pen;
import io.peregrine.charts.Pen.Align;
import java.awt.Color;
import java.awt.Font;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.util.List;

/// Measures at the end of each epoch, one panel per kind of measure.
///
/// @param panels side by side
public record HistoryChart(String title, String subtitle, List<Panel> panels) implements Chart {
    /// Curves of one measure of one network.
    ///
    /// @param unit label of the vertical axis, with its unit
    /// @param share whether values are shares, shown from 0 to 100 %
    public record Panel(String title, String unit, boolean share, List<Series> series) {}

    /// @param epochs ascending
    /// @param values one per epoch; a single one is drawn as a mark without a line
    public record Series(String name, int[] epochs, double[] values) {}

    private static final int PANEL = 400;
    private static final int LEFT = 76;
    private static final int RIGHT = 20;
    private static final int TOP = 104;
    private static final int PLOT = 250;
    private static final int LEGEND_ROW = 20;
    /// Beyond this number of epochs marks would hide the line.
    private static final int MARKED = 40;

    private static final Font SMALL = Lettering.plain(12);
    private static final Font TEXT = Lettering.plain(13);
    private static final float[][] DASHES = {{}, {7, 4}, {2, 4}, {9, 4, 2, 4}};

    @Override
    public int width() {
        return PANEL * panels.size();
    }

    @Override
    public int height() {
        int rows =
                panels.stream().mapToInt(panel -> panel.series().size()).max().orElse(0);
        return TOP + PLOT + 62 + rows * LEGEND_ROW;
    }

    @Override
    public void draw(Pen pen) {
        pen.heading(title, subtitle, width());
        for (int i = 0; i < panels.size(); i++) {
            draw(pen, panels.get(i), PANEL * i);
        }
    }

    private static void draw(Pen pen, Panel panel, double x) {
        double left = x + LEFT;
        double right = x + PANEL - RIGHT;
        double bottom = TOP + PLOT;
        pen.text(panel.title(), left, TOP - 16, Align.LEFT, Lettering.bold(14), Pen.INK);
        Axis epochs = epochs(panel, left + 8, right - 8);
        Axis values = values(panel, bottom);
        for (double tick : values.ticks()) {
            double y = values.at(tick);
            pen.line(left, y, right, y, Pen.GRID, 1);
            String label = panel.share() ? Math.round(100 * tick) + " %" : values.label(tick);
            pen.text(label, left - 8, y + 4.5, Align.RIGHT, SMALL, Pen.GREY);
        }
        for (double tick : epochs.ticks()) {
            pen.line(epochs.at(tick), bottom, epochs.at(tick), bottom + 5, Pen.GREY, 1);
            pen.text(epochs.label(tick), epochs.at(tick), bottom + 20, Align.CENTRE, SMALL, Pen.GREY);
        }
        pen.line(left, bottom, right, bottom, Pen.GREY, 1);
        pen.text("Epoch", (left + right) / 2, bottom + 40, Align.CENTRE, TEXT, Pen.INK);
        pen.turned(panel.unit(), x + 18, TOP + PLOT / 2.0, -90, Align.CENTRE, TEXT, Pen.INK);
        for (int i = 0; i < panel.series().size(); i++) {
            Series series = panel.series().get(i);
            line(pen, series, i, epochs, values);
            legend(pen, series.name(), i, left, bottom + 64 + i * LEGEND_ROW, series.values().length > 1);
        }
    }

    private static void line(Pen pen, Series series, int number, Axis epochs, Axis values) {
        Color colour = Palette.colour(number);
        Path2D path = new Path2D.Double();
        for (int i = 0; i < series.values().length; i++) {
            double x = epochs.at(series.epochs()[i]);
            double y = values.at(series.values()[i]);
            if (i == 0) {
                path.moveTo(x, y);
            } else {
                path.lineTo(x, y);
            }
        }
        int marks = series.values().length;
        if (marks > 1) {
            pen.outline(path, colour, 2, DASHES[number % DASHES.length]);
        }
        for (int i = 0; i < marks && marks <= MARKED; i++) {
            mark(pen, number, epochs.at(series.epochs()[i]), values.at(series.values()[i]), marks == 1);
        }
    }

    private static void mark(Pen pen, int number, double x, double y, boolean alone) {
        // Each series has its own shape, so that colour is not the only difference.
        pen.fill(Palette.form(number, x, y, alone ? 11 : 7), Palette.colour(number));
    }

    private static void legend(Pen pen, String name, int number, double x, double y, boolean line) {
        if (line) {
            pen.outline(
                    new Line2D.Double(x, y - 4, x + 34, y - 4),
                    Palette.colour(number),
                    2,
                    DASHES[number % DASHES.length]);
        }
        mark(pen, number, x + 17, y - 4, !line);
        pen.text(name, x + 42, y, Align.LEFT, SMALL, Pen.INK);
    }

    private static Axis epochs(Panel panel, double start, double end) {
        int first = Integer.MAX_VALUE;
        int last = 1;
        for (Series series : panel.series()) {
            for (int epoch : series.epochs()) {
                first = Math.min(first, epoch);
                last = Math.max(last, epoch);
            }
        }
        first = Math.min(first, last);
        if (first == last) {
            return new Axis(first - 1, last + 1, 1, start, end);
        }
        Axis axis = Axis.within(first, last, 8, start, end);
        return new Axis(first, last, Math.max(1, axis.step()), start, end);
    }

    private static Axis values(Panel panel, double bottom) {
        if (panel.share()) {
            return new Axis(0, 1, 0.2, bottom, TOP);
        }
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (Series series : panel.series()) {
            for (double value : series.values()) {
                low = Math.min(low, value);
                high = Math.max(high, value);
            }
        }
        // A loss is never below 0. The axis includes 0 if that costs little room.
        return Axis.around(low < 0.5 * high ? Math.min(0, low) : low, high, 5, bottom, TOP);
    }
}
