package io.peregrine.local.compare;

import io.peregrine.events.PipelineEvent.TestMeasures;
import io.peregrine.local.compare.Comparison.Mean;
import io.peregrine.local.compare.Comparison.Outcome;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;

/// Balanced accuracy of each strategy: a dot for each seed, the mean and its 95 % interval.
public final class ComparisonPlot {
    private static final int WIDTH = 900;
    private static final int ROW = 56;
    private static final int LEFT = 190;
    private static final int RIGHT = 30;
    private static final int TOP = 46;
    private static final int BOTTOM = 50;
    private static final Color SEED = new Color(0x6b, 0x9a, 0xc4);
    private static final Color MEAN = new Color(0x1d, 0x35, 0x57);
    private static final Color GRID = new Color(0xdd, 0xdd, 0xdd);

    private final Comparison comparison;
    private final double from;
    private final double to;

    public ComparisonPlot(Comparison comparison) {
        this.comparison = comparison;
        double low = 1;
        double high = 0;
        for (String name : comparison.contenders()) {
            Mean mean = comparison.mean(name, TestMeasures::balancedAccuracy);
            double half = Double.isNaN(mean.halfWidth()) ? 0 : mean.halfWidth();
            low = Math.min(low, mean.value() - half);
            high = Math.max(high, mean.value() + half);
            for (Outcome outcome : comparison.of(name)) {
                low = Math.min(low, outcome.test().balancedAccuracy());
                high = Math.max(high, outcome.test().balancedAccuracy());
            }
        }
        // Whole steps of five points around all of it.
        from = Math.max(0, Math.floor(low * 20 - 0.2) / 20);
        to = Math.min(1, Math.max(from + 0.05, Math.ceil(high * 20 + 0.2) / 20));
    }

    /// An interval may reach beyond what an accuracy can be; the plot does not.
    private double x(double value) {
        return LEFT + (Math.clamp(value, from, to) - from) / (to - from) * (WIDTH - LEFT - RIGHT);
    }

    /// @return the plot, white behind
    public BufferedImage draw() {
        List<String> names = comparison.contenders();
        int height = TOP + ROW * names.size() + BOTTOM;
        BufferedImage image = new BufferedImage(WIDTH, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        g.setColor(Color.WHITE);
        g.fillRect(0, 0, WIDTH, height);
        axis(g, height);
        for (int i = 0; i < names.size(); i++) {
            row(g, names.get(i), TOP + ROW * i + ROW / 2);
        }
        g.dispose();
        return image;
    }

    private void axis(Graphics2D g, int height) {
        g.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
        g.setColor(MEAN);
        g.drawString("Balanced accuracy on the test pictures", LEFT, 26);
        g.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        int step = to - from > 0.5 ? 10 : 5;
        for (int percent = (int) Math.round(100 * from); percent <= Math.round(100 * to); percent += step) {
            double x = x(percent / 100.0);
            g.setColor(GRID);
            g.draw(new Line2D.Double(x, TOP, x, height - BOTTOM));
            g.setColor(Color.DARK_GRAY);
            String label = String.format(Locale.ROOT, "%d %%", percent);
            g.drawString(label, (float) x - g.getFontMetrics().stringWidth(label) / 2f, height - BOTTOM + 18);
        }
        g.drawString("● a seed    ◆ mean and 95 % interval of the seeds", LEFT, height - 10);
    }

    private void row(Graphics2D g, String name, int y) {
        g.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 15));
        g.setColor(Color.BLACK);
        g.drawString(name, LEFT - 14 - g.getFontMetrics().stringWidth(name), y + 5);
        g.setColor(SEED);
        for (Outcome outcome : comparison.of(name)) {
            double x = x(outcome.test().balancedAccuracy());
            g.fill(new Ellipse2D.Double(x - 5, y + 6, 10, 10));
        }
        Mean mean = comparison.mean(name, TestMeasures::balancedAccuracy);
        g.setColor(MEAN);
        g.setStroke(new BasicStroke(2.5f));
        if (mean.count() > 1) {
            g.draw(new Line2D.Double(
                    x(mean.value() - mean.halfWidth()), y - 8, x(mean.value() + mean.halfWidth()), y - 8));
        }
        int x = (int) Math.round(x(mean.value()));
        g.fillPolygon(new int[] {x - 7, x, x + 7, x}, new int[] {y - 8, y - 15, y - 8, y - 1}, 4);
    }
}
