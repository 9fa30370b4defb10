package io.peregrine.gallery;

import io.peregrine.random.Mt19937;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.RadialGradientPaint;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Point2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;

/// The canvas of one painting: a unit square, a palette that varies slightly between paintings, and a random
/// generator.
///
/// Coordinates run from 0 to 1, from the top left; angles are in radians.
final class Canvas {
    private final int side;
    private final BufferedImage image;
    private final Graphics2D brush;
    private final Mt19937 random;
    private final Color[] palette;

    Canvas(int side, int[] palette, Mt19937 random) {
        this.side = side;
        this.random = random;
        this.image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        this.brush = image.createGraphics();
        brush.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        brush.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        brush.scale(side, side);
        float warmth = (float) between(-0.03, 0.03);
        float light = (float) between(0.82, 1.12);
        this.palette = new Color[palette.length];
        for (int i = 0; i < palette.length; i++) {
            Color pure = new Color(palette[i]);
            float[] hsb = Color.RGBtoHSB(pure.getRed(), pure.getGreen(), pure.getBlue(), null);
            this.palette[i] = Color.getHSBColor(hsb[0] + warmth, hsb[1], Math.min(1, hsb[2] * light));
        }
    }

    /// @return a random number, uniform in [low, high)
    double between(double low, double high) {
        return low + (high - low) * random.uniform();
    }

    /// @return a random integer from low to high, both inclusive
    int whole(int low, int high) {
        return low + (int) random.below(high - low + 1L);
    }

    boolean chance(double probability) {
        return random.uniform() < probability;
    }

    /// @return the palette's colour at this index
    Color tone(int place) {
        return palette[place % palette.length];
    }

    /// @return a random colour of the palette
    Color anyTone() {
        return tone(whole(0, palette.length - 1));
    }

    /// @return the colour made lighter or darker by up to `amount`, 0 to 1
    Color vary(Color colour, double amount) {
        double shift = 1 + between(-amount, amount);
        return new Color(
                (int) Math.clamp(colour.getRed() * shift, 0, 255),
                (int) Math.clamp(colour.getGreen() * shift, 0, 255),
                (int) Math.clamp(colour.getBlue() * shift, 0, 255),
                colour.getAlpha());
    }

    static Color veil(Color colour, double opacity) {
        return new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), (int) (255 * opacity));
    }

    /// Fills the canvas with a gradient from one colour at the top to another at the bottom.
    void ground(Color top, Color bottom) {
        brush.setPaint(new GradientPaint(0, 0, top, 0, 1, bottom));
        brush.fill(new Rectangle2D.Double(0, 0, 1, 1));
    }

    void fill(Color colour, Shape shape) {
        brush.setPaint(colour);
        brush.fill(shape);
    }

    void draw(Color colour, double width, Shape shape) {
        brush.setPaint(colour);
        brush.setStroke(new BasicStroke((float) width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        brush.draw(shape);
    }

    void oval(Color colour, double x, double y, double width, double height) {
        fill(colour, new Ellipse2D.Double(x - width / 2, y - height / 2, width, height));
    }

    void block(Color colour, double x, double y, double width, double height) {
        fill(colour, new Rectangle2D.Double(x, y, width, height));
    }

    /// Paints a light or a shadow that fades out towards its edge.
    void glow(Color colour, double x, double y, double radius, double opacity) {
        brush.setPaint(
                new RadialGradientPaint(new Point2D.Double(x, y), (float) radius, new float[] {0, 1}, new Color[] {
                    veil(colour, opacity), veil(colour, 0)
                }));
        brush.fill(new Rectangle2D.Double(0, 0, 1, 1));
    }

    /// Paints a curved stroke that starts at a point in the direction of an angle.
    void stroke(Color colour, double x, double y, double angle, double length, double width, double bend) {
        double x2 = x + length * Math.cos(angle);
        double y2 = y + length * Math.sin(angle);
        Path2D path = new Path2D.Double();
        path.moveTo(x, y);
        path.quadTo(
                (x + x2) / 2 - bend * length * Math.sin(angle), (y + y2) / 2 + bend * length * Math.cos(angle), x2, y2);
        draw(colour, width, path);
    }

    /// Paints a ridge of hills from edge to edge, filled down to the bottom edge.
    void ridge(Color colour, double height, double roughness) {
        Path2D path = new Path2D.Double();
        path.moveTo(0, 1);
        double y = height;
        path.lineTo(0, y);
        for (double x = 0.1; x <= 1.05; x += 0.1) {
            double next = height + between(-roughness, roughness);
            path.quadTo(x - 0.05, (y + next) / 2 - roughness * 0.3, x, next);
            y = next;
        }
        path.lineTo(1, 1);
        path.closePath();
        fill(colour, path);
    }

    /// Paints a polygon around a point.
    void shard(Color colour, double x, double y, double radius, int corners) {
        Path2D path = new Path2D.Double();
        double turn = between(0, Math.PI);
        for (int corner = 0; corner < corners; corner++) {
            double angle = turn + 2 * Math.PI * (corner + between(-0.25, 0.25)) / corners;
            double reach = radius * between(0.6, 1.2);
            if (corner == 0) {
                path.moveTo(x + reach * Math.cos(angle), y + reach * Math.sin(angle));
            } else {
                path.lineTo(x + reach * Math.cos(angle), y + reach * Math.sin(angle));
            }
        }
        path.closePath();
        fill(colour, path);
    }

    /// Paints head and shoulders, for portraits.
    void sitter(double x, double y, double size, Color skin, Color hair, Color robe) {
        oval(robe, x, y + size * 1.75, size * 2.6, size * 2.3);
        oval(hair, x, y - size * 0.12, size * 1.12, size * 1.32);
        block(skin, x - size * 0.18, y + size * 0.3, size * 0.36, size * 0.45);
        oval(skin, x, y, size * 0.86, size * 1.14);
        glow(Color.WHITE, x - size * 0.15, y - size * 0.15, size * 0.5, 0.25);
    }

    /// Paints a standing figure, `slim` times as tall as it is wide.
    void figure(double x, double foot, double height, double slim, Color skin, Color robe) {
        double width = height / slim;
        Path2D body = new Path2D.Double();
        body.moveTo(x - width * 0.3, foot - height * 0.8);
        body.lineTo(x + width * 0.3, foot - height * 0.8);
        body.lineTo(x + width * 0.6, foot);
        body.lineTo(x - width * 0.6, foot);
        body.closePath();
        fill(robe, body);
        oval(skin, x, foot - height * 0.88, width * 0.5, height * 0.17);
    }

    /// Adds fine noise everywhere, like the weave of a canvas.
    void grain(int strength) {
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                int rgb = image.getRGB(x, y);
                int shift = whole(-strength, strength);
                int red = Math.clamp((rgb >> 16 & 255) + shift, 0, 255);
                int green = Math.clamp((rgb >> 8 & 255) + shift, 0, 255);
                int blue = Math.clamp((rgb & 255) + shift, 0, 255);
                image.setRGB(x, y, red << 16 | green << 8 | blue);
            }
        }
    }

    /// Makes the painting darker or lighter, adds a film of varnish and noise; each by a random amount.
    void age() {
        Color film = chance(0.5) ? new Color(0x5a4626) : new Color(0xcfc8b8);
        block(veil(film, between(0, 0.3)), 0, 0, 1, 1);
        grain(whole(4, 20));
    }

    BufferedImage finished() {
        brush.dispose();
        return image;
    }
}
