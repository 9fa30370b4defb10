package io.peregrine.launcher.compare;

import io.peregrine.charts.Axis;
import io.peregrine.charts.Chart;
import io.peregrine.charts.Lettering;
import io.peregrine.charts.Palette;
import io.peregrine.charts.Pen;
import io.peregrine.charts.Pen.Align;
import io.peregrine.launcher.compare.Comparison.Mean;
import io.peregrine.launcher.compare.Comparison.Outcome;
import java.awt.Color;
import java.awt.Font;
import java.util.List;

/// Balanced accuracy of each strategy: a dot for each seed, the mean and its 95 % interval.
public final class ComparisonPlot implements Chart {
    private static final int WIDTH = 900;
    private static final int ROW = 56;
    private static final int LEFT = 190;
    private static final int RIGHT = 30;
    private static final int TOP = 46;
    private static final int BOTTOM = 50;
    private static final Color SEED = Palette.colour(5);
    private static final Color MEAN = Palette.colour(0);
    private static final Font SMALL = Lettering.plain(13);

    private final Comparison comparison;
    private final double from;
    private final double to;

    public ComparisonPlot(Comparison comparison) {
        this.comparison = comparison;
        double low = 1;
        double high = 0;
        for (String name : comparison.candidates()) {
            Mean mean = comparison.mean(name, Tested::balancedAccuracy);
            double half = Double.isNaN(mean.halfWidth()) ? 0 : mean.halfWidth();
            low = Math.min(low, mean.value() - half);
            high = Math.max(high, mean.value() + half);
            for (Outcome outcome : comparison.of(name)) {
                low = Math.min(low, outcome.test().balancedAccuracy());
                high = Math.max(high, outcome.test().balancedAccuracy());
            }
        }
        // Limits of the axis: multiples of five points around all values.
        from = Math.max(0, Math.floor(low * 20 - 0.2) / 20);
        to = Math.min(1, Math.max(from + 0.05, Math.ceil(high * 20 + 0.2) / 20));
    }

    @Override
    public String title() {
        return "Balanced accuracy on the test images";
    }

    @Override
    public int width() {
        return WIDTH;
    }

    @Override
    public int height() {
        return TOP + ROW * comparison.candidates().size() + BOTTOM;
    }

    /// An interval may extend beyond the range of an accuracy; the plot clips it.
    private double x(double value) {
        return axis().at(Math.clamp(value, from, to));
    }

    private Axis axis() {
        return new Axis(from, to, to - from > 0.5 ? 0.1 : 0.05, LEFT, WIDTH - RIGHT);
    }

    @Override
    public void draw(Pen pen) {
        frame(pen);
        List<String> names = comparison.candidates();
        for (int i = 0; i < names.size(); i++) {
            row(pen, names.get(i), TOP + ROW * i + ROW / 2);
        }
    }

    private void frame(Pen pen) {
        pen.text(title(), LEFT, 26, Align.LEFT, Lettering.bold(15), Pen.INK);
        Axis axis = axis();
        int bottom = height() - BOTTOM;
        for (double tick : axis.ticks()) {
            pen.line(axis.at(tick), TOP, axis.at(tick), bottom, Pen.GRID, 1);
            pen.text(Math.round(100 * tick) + " %", axis.at(tick), bottom + 18, Align.CENTRE, SMALL, Pen.GREY);
        }
        double legend = height() - 10;
        pen.fill(Palette.form(0, LEFT + 5, legend - 5, 10), SEED);
        pen.text("one seed", LEFT + 16, legend, Align.LEFT, SMALL, Pen.GREY);
        pen.fill(Palette.form(3, LEFT + 86, legend - 5, 11), MEAN);
        pen.text("mean and 95 % interval over the seeds", LEFT + 98, legend, Align.LEFT, SMALL, Pen.GREY);
    }

    private void row(Pen pen, String name, int y) {
        Font font = Lettering.plain(15);
        pen.text(Lettering.fitted(name, font, LEFT - 28), LEFT - 14, y + 5, Align.RIGHT, font, Pen.INK);
        for (Outcome outcome : comparison.of(name)) {
            pen.fill(Palette.form(0, x(outcome.test().balancedAccuracy()), y + 11, 10), SEED);
        }
        Mean mean = comparison.mean(name, Tested::balancedAccuracy);
        if (mean.count() > 1) {
            double half = mean.halfWidth();
            pen.line(x(mean.value() - half), y - 8, x(mean.value() + half), y - 8, MEAN, 2.5);
        }
        pen.fill(Palette.form(3, x(mean.value()), y - 8, 11), MEAN);
    }
}
