package io.peregrine.charts;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;

/// Draws the parts of a chart, for any file format.
public final class Pen {
    /// Colours of main and of secondary text; their contrast to white is above 7 and above 4.5.
    public static final Color INK = new Color(0x1a, 0x1a, 0x1a);

    public static final Color GREY = new Color(0x59, 0x59, 0x59);
    public static final Color GRID = new Color(0xdd, 0xdd, 0xdd);

    /// Which end of a text its position refers to.
    public enum Align {
        LEFT,
        CENTRE,
        RIGHT
    }

    private final Graphics2D g;

    Pen(Graphics2D g) {
        this.g = g;
        g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        g.setRenderingHint(RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
    }

    public void line(double fromX, double fromY, double toX, double toY, Color colour, double width) {
        outline(new Line2D.Double(fromX, fromY, toX, toY), colour, width);
    }

    public void rectangle(double x, double y, double width, double height, Color colour) {
        fill(new Rectangle2D.Double(x, y, width, height), colour);
    }

    public void fill(Shape shape, Color colour) {
        g.setColor(colour);
        g.fill(shape);
    }

    /// Dots of one size; each is a line that ends where it starts.
    public void dots(Path2D points, Color colour, double size) {
        outline(points, colour, size);
    }

    /// @param dashes lengths of dashes and gaps; empty for a solid line
    public void outline(Shape shape, Color colour, double width, float... dashes) {
        g.setColor(colour);
        g.setStroke(new BasicStroke(
                (float) width,
                BasicStroke.CAP_ROUND,
                BasicStroke.JOIN_ROUND,
                4,
                dashes.length == 0 ? null : dashes,
                0));
        g.draw(shape);
    }

    /// Title and subtitle above a chart.
    ///
    /// @param width width of the chart
    public void heading(String title, String subtitle, double width) {
        Font bold = Lettering.bold(16);
        Font plain = Lettering.plain(13);
        text(Lettering.fitted(title, bold, width - 40), 20, 30, Align.LEFT, bold, INK);
        text(Lettering.fitted(subtitle, plain, width - 40), 20, 51, Align.LEFT, plain, GREY);
    }

    /// @param y position of the baseline
    public void text(String text, double x, double y, Align align, Font font, Color colour) {
        String shown = Lettering.printable(text);
        double width = Lettering.width(shown, font);
        double left = switch (align) {
            case LEFT -> x;
            case CENTRE -> x - width / 2;
            case RIGHT -> x - width;
        };
        g.setFont(font);
        g.setColor(colour);
        g.drawString(shown, (float) left, (float) y);
    }

    /// Text rotated around its position.
    ///
    /// @param degrees clockwise
    public void turned(String text, double x, double y, double degrees, Align align, Font font, Color colour) {
        var before = g.getTransform();
        g.translate(x, y);
        g.rotate(Math.toRadians(degrees));
        text(text, 0, 0, align, font, colour);
        g.setTransform(before);
    }
}
