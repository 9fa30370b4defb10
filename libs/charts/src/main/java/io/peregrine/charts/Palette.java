package io.peregrine.charts;

import java.awt.Color;
import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.util.List;

/// Colours that are distinguishable with colour blindness, and marks for more series than there are colours.
public final class Palette {
    /// Okabe and Ito's palette, without yellow, which is invisible on white, and with dark grey instead of black.
    private static final List<Color> COLOURS = List.of(
            new Color(0x00, 0x72, 0xb2),
            new Color(0xd5, 0x5e, 0x00),
            new Color(0x00, 0x9e, 0x73),
            new Color(0xcc, 0x79, 0xa7),
            new Color(0xe6, 0x9f, 0x00),
            new Color(0x56, 0xb4, 0xe9),
            new Color(0x44, 0x44, 0x44));

    /// From 0 to 1: shades of blue that darken evenly, also in greyscale.
    private static final List<Color> SHARES = List.of(
            new Color(0xf7, 0xfb, 0xff),
            new Color(0xc6, 0xdb, 0xef),
            new Color(0x6b, 0xae, 0xd6),
            new Color(0x21, 0x71, 0xb5),
            new Color(0x08, 0x30, 0x6b));

    private static final int FORMS = 5;

    private Palette() {}

    /// @return a series' colour; it repeats after seven series, with another mark
    public static Color colour(int series) {
        return COLOURS.get(series % COLOURS.size());
    }

    /// @param share 0 to 1
    public static Color share(double share) {
        double place = Math.clamp(share, 0, 1) * (SHARES.size() - 1);
        int below = Math.min((int) place, SHARES.size() - 2);
        return mixed(SHARES.get(below), SHARES.get(below + 1), place - below);
    }

    /// @return colour of text on a share's colour: black or white, with a contrast of at least 4.5
    public static Color on(double share) {
        return share > 0.715 ? Color.WHITE : Color.BLACK;
    }

    private static Color mixed(Color from, Color to, double part) {
        return new Color(
                (int) Math.round(from.getRed() + part * (to.getRed() - from.getRed())),
                (int) Math.round(from.getGreen() + part * (to.getGreen() - from.getGreen())),
                (int) Math.round(from.getBlue() + part * (to.getBlue() - from.getBlue())));
    }

    /// @param size diameter
    /// @return a series' mark; with the colours, 35 are distinct
    public static Shape mark(int series, double x, double y, double size) {
        return form(series / COLOURS.size(), x, y, size);
    }

    /// @return whether a series' marks are circles
    public static boolean isRound(int series) {
        return series / COLOURS.size() % FORMS == 0;
    }

    /// @return one of five shapes with about the same area
    public static Shape form(int number, double x, double y, double size) {
        double r = size / 2;
        return switch (number % FORMS) {
            case 0 -> new Ellipse2D.Double(x - r, y - r, size, size);
            case 1 -> polygon(x, y - 1.2 * r, x + 1.15 * r, y + 0.8 * r, x - 1.15 * r, y + 0.8 * r);
            case 2 ->
                polygon(
                        x - 0.88 * r,
                        y - 0.88 * r,
                        x + 0.88 * r,
                        y - 0.88 * r,
                        x + 0.88 * r,
                        y + 0.88 * r,
                        x - 0.88 * r,
                        y + 0.88 * r);
            case 3 -> polygon(x, y - 1.25 * r, x + 1.25 * r, y, x, y + 1.25 * r, x - 1.25 * r, y);
            default -> polygon(x, y + 1.2 * r, x + 1.15 * r, y - 0.8 * r, x - 1.15 * r, y - 0.8 * r);
        };
    }

    private static Shape polygon(double... corners) {
        Path2D path = new Path2D.Double();
        path.moveTo(corners[0], corners[1]);
        for (int i = 2; i < corners.length; i += 2) {
            path.lineTo(corners[i], corners[i + 1]);
        }
        path.closePath();
        return path;
    }
}
