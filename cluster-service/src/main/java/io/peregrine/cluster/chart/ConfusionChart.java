package io.peregrine.cluster.chart;

import io.peregrine.charts.Chart;
import io.peregrine.charts.Lettering;
import io.peregrine.charts.Palette;
import io.peregrine.charts.Pen;
import io.peregrine.charts.Pen.Align;
import java.awt.Font;
import java.awt.geom.Rectangle2D;
import java.util.List;
import java.util.stream.LongStream;

/// True against predicted classes: counts as numbers, and shares of each true class as colours. Recall is beside
/// the rows, precision below the columns.
///
/// @param classes in label order
/// @param counts rows: truth, columns: predicted
public record ConfusionChart(String title, String subtitle, List<String> classes, List<List<Long>> counts)
        implements Chart {
    private static final int TOP = 92;
    private static final int NAME = 204;
    private static final int AXIS = 34;
    private static final int LEFT = AXIS + NAME + 12;
    private static final int SUMS = 118;
    private static final int SCALE = 96;
    private static final int GRID = 864;

    /// Below this cell size numbers are unreadable.
    private static final int READABLE = 19;

    /// From this size on, a cell has room for the share too.
    private static final int ROOMY = 52;

    private static final Font TEXT = Lettering.plain(13);

    /// @return the side of a cell
    private double cell() {
        return Math.min(72, (double) GRID / Math.max(1, classes.size()));
    }

    private double grid() {
        return cell() * classes.size();
    }

    /// @return font that fits beside a cell
    private Font names() {
        return Lettering.plain(Math.clamp(0.62 * cell(), 9, 13));
    }

    @Override
    public int width() {
        return (int) Math.ceil(LEFT + grid() + SUMS + SCALE);
    }

    @Override
    public int height() {
        return (int) Math.ceil(TOP + grid() + 34 + slanted() + AXIS);
    }

    /// @return height of the longest name below the grid
    private double slanted() {
        return classes.stream()
                        .mapToDouble(name -> Lettering.width(name(name), names()))
                        .max()
                        .orElse(0)
                + 12;
    }

    private String name(String label) {
        return Lettering.fitted(Lettering.printable(label), names(), NAME);
    }

    @Override
    public void draw(Pen pen) {
        pen.heading(title, subtitle, width());
        cells(pen);
        margins(pen);
        double bottom = TOP + grid();
        pen.turned("True class", 22, TOP + grid() / 2, -90, Align.CENTRE, TEXT, Pen.INK);
        pen.text("Predicted class", LEFT + grid() / 2, height() - 12.0, Align.CENTRE, TEXT, Pen.INK);
        pen.outline(new Rectangle2D.Double(LEFT, TOP, grid(), grid()), Pen.GREY, 1);
        scale(pen, LEFT + grid() + SUMS + 4, TOP, Math.min(grid(), 240));
        pen.text("Precision (%)", LEFT - 8.0, bottom + 22, Align.RIGHT, TEXT, Pen.GREY);
        pen.text("Recall (%)", LEFT + grid() + 52, TOP - 10.0, Align.RIGHT, TEXT, Pen.GREY);
        pen.text("Images", LEFT + grid() + 112, TOP - 10.0, Align.RIGHT, TEXT, Pen.GREY);
    }

    private void cells(Pen pen) {
        double cell = cell();
        boolean roomy = cell >= ROOMY;
        Font font = Lettering.plain(roomy ? 14 : Math.clamp(0.38 * cell, 8, 13));
        for (int truth = 0; truth < classes.size(); truth++) {
            long all = sum(counts.get(truth));
            for (int predicted = 0; predicted < classes.size(); predicted++) {
                long count = counts.get(truth).get(predicted);
                double x = LEFT + predicted * cell;
                double y = TOP + truth * cell;
                if (count == 0) {
                    continue;
                }
                double share = (double) count / all;
                pen.rectangle(x, y, cell, cell, Palette.share(share));
                if (roomy) {
                    pen.text(number(count), x + cell / 2, y + cell / 2 - 2, Align.CENTRE, font, Palette.on(share));
                    pen.text(
                            percent(share),
                            x + cell / 2,
                            y + cell / 2 + 15,
                            Align.CENTRE,
                            Lettering.plain(11),
                            Palette.on(share));
                } else if (cell >= READABLE) {
                    pen.text(
                            number(count),
                            x + cell / 2,
                            y + cell / 2 + 0.36 * font.getSize2D(),
                            Align.CENTRE,
                            font,
                            Palette.on(share));
                }
            }
        }
        for (int i = 1; i < classes.size() && cell >= READABLE; i++) {
            pen.line(LEFT + i * cell, TOP, LEFT + i * cell, TOP + grid(), Pen.GRID, 0.6);
            pen.line(LEFT, TOP + i * cell, LEFT + grid(), TOP + i * cell, Pen.GRID, 0.6);
        }
    }

    private void margins(Pen pen) {
        double cell = cell();
        Font font = names();
        // If cells are narrower than the font, only every n-th class is named.
        int every = (int) Math.ceil((font.getSize2D() + 1) / cell);
        double bottom = TOP + grid();
        for (int i = 0; i < classes.size(); i += every) {
            double middle = (i + 0.5) * cell;
            double y = TOP + middle + 0.36 * font.getSize2D();
            String name = name(classes.get(i));
            pen.text(name, LEFT - 8.0, y, Align.RIGHT, font, Pen.INK);
            double x = LEFT + middle + 0.36 * font.getSize2D();
            pen.turned(name, x, bottom + 38, -90, Align.RIGHT, font, Pen.INK);
            int at = i;
            long truths = sum(counts.get(i));
            long predicted = counts.stream().mapToLong(row -> row.get(at)).sum();
            long right = counts.get(i).get(i);
            pen.text(rate(right, truths), LEFT + grid() + 52, y, Align.RIGHT, font, Pen.INK);
            pen.text(number(truths), LEFT + grid() + 112, y, Align.RIGHT, font, Pen.GREY);
            if (cell >= ROOMY) {
                pen.text(rate(right, predicted), LEFT + middle, bottom + 22, Align.CENTRE, font, Pen.INK);
            } else {
                Font small = Lettering.plain(Math.clamp(0.33 * cell, 8, 11));
                pen.text(rate(right, predicted), LEFT + middle, bottom + 20, Align.CENTRE, small, Pen.INK);
            }
        }
    }

    private static void scale(Pen pen, double x, double y, double height) {
        int steps = 60;
        for (int i = 0; i < steps; i++) {
            double share = 1 - (i + 0.5) / steps;
            pen.rectangle(x, y + height * i / steps, 14, height / steps + 0.4, Palette.share(share));
        }
        pen.outline(new Rectangle2D.Double(x, y, 14, height), Pen.GREY, 1);
        for (int percent = 0; percent <= 100; percent += 25) {
            double at = y + height * (1 - percent / 100.0);
            pen.line(x + 14, at, x + 18, at, Pen.GREY, 1);
            pen.text(percent + " %", x + 22, at + 4, Align.LEFT, Lettering.plain(11), Pen.GREY);
        }
        pen.text("Share of the", x, y + height + 20, Align.LEFT, Lettering.plain(11), Pen.GREY);
        pen.text("true class", x, y + height + 34, Align.LEFT, Lettering.plain(11), Pen.GREY);
    }

    private static long sum(List<Long> row) {
        return row.stream().flatMapToLong(LongStream::of).sum();
    }

    private static String number(long count) {
        return count < 10_000 ? Long.toString(count) : Math.round(count / 1e3) + "k";
    }

    private static String percent(double share) {
        return Math.round(100 * share) + " %";
    }

    /// @return percentage; a dash if the total is 0
    private static String rate(long right, long all) {
        return all == 0 ? "–" : Long.toString(Math.round(100.0 * right / all));
    }
}
