package io.peregrine.gallery;

import java.awt.Color;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.util.List;

/// Styles with rooms, streets, posters and still lifes: figurative painting after 1890.
final class Modern {
    static final List<Style> STYLES = List.of(
            Style.of("Art_Nouveau_Modern", Modern::whiplash, 0xf0e2bf, 0x3f6f4f, 0xb98a2f, 0x8f3f3f, 0x6f8f7f),
            Style.of("Contemporary_Realism", Modern::daylight, 0xdfe6ea, 0xb5c0c8, 0xc78f6f, 0x4f6f8f, 0xf5f3ee),
            Style.of("New_Realism", Modern::street, 0x2a3038, 0xe0b25a, 0x6f4a3a, 0x4a5a66, 0x99a0a0),
            Style.of("Naive_Art_Primitivism", Modern::village, 0x6fc3ef, 0x3fa34d, 0xe8413c, 0xffd23f, 0x8f5fbf),
            Style.of("Pop_Art", Modern::halftone, 0xffe600, 0xff2f92, 0x00b7ff, 0x111111, 0xffffff),
            Style.of("Analytical_Cubism", Modern::facets, 0x6f5f48, 0x9a8a6a, 0x4a4438, 0xb8aa88, 0x2f2a22),
            Style.of("Cubism", Modern::prisms, 0x3f6f9f, 0xc8683f, 0xd8b45f, 0x5f7f5f, 0x2f2f3f),
            Style.of("Synthetic_Cubism", Modern::collage, 0xe8dcc0, 0x2f5f8f, 0xb04030, 0x3f3f3f, 0x7f9f6f));

    private Modern() {}

    private static void whiplash(Canvas c) {
        c.ground(c.tone(0), c.vary(c.tone(0), 0.1));
        for (int i = 0; i < 9; i++) {
            double x = c.between(0, 1);
            double angle = -1.57 + c.between(-0.4, 0.4);
            c.stroke(c.vary(c.tone(1), 0.2), x, 1, angle, c.between(0.6, 1), 0.02, c.between(-0.8, 0.8));
        }
        for (int i = 0; i < 12; i++) {
            double x = c.between(0, 1);
            double y = c.between(0.05, 0.7);
            for (int petal = 0; petal < 5; petal++) {
                double angle = petal * 2 * Math.PI / 5;
                c.oval(c.tone(3), x + 0.03 * Math.cos(angle), y + 0.03 * Math.sin(angle), 0.045, 0.045);
            }
            c.oval(c.tone(2), x, y, 0.03, 0.03);
        }
        if (c.chance(0.6)) {
            c.sitter(c.between(0.4, 0.6), 0.4, 0.22, new Color(0xf0cfae), c.tone(2), c.tone(4));
        }
        c.draw(c.tone(2), 0.035, new Rectangle2D.Double(0.03, 0.03, 0.94, 0.94));
        c.grain(4);
    }

    private static void daylight(Canvas c) {
        c.ground(c.tone(4), c.tone(0));
        double table = c.between(0.6, 0.72);
        c.block(c.vary(c.tone(1), 0.1), 0, table, 1, 1 - table);
        for (int i = c.whole(2, 5); i > 0; i--) {
            double x = c.between(0.15, 0.85);
            double size = c.between(0.1, 0.2);
            c.oval(Canvas.veil(Color.GRAY, 0.5), x + 0.05, table + size * 0.45, size * 1.3, size * 0.3);
            Color colour = c.vary(c.tone(c.chance(0.5) ? 2 : 3), 0.25);
            if (c.chance(0.5)) {
                c.oval(colour, x, table + size * 0.05, size, size);
            } else {
                c.block(colour, x - size * 0.3, table - size * 1.1, size * 0.6, size * 1.4);
            }
            c.glow(Color.WHITE, x - size * 0.2, table - size * 0.2, size * 0.5, 0.7);
        }
        c.glow(Color.WHITE, c.chance(0.5) ? 0 : 1, 0, 0.8, 0.7);
        c.grain(4);
    }

    private static void street(Canvas c) {
        c.ground(c.tone(0), c.vary(c.tone(3), 0.2));
        double x = -0.05;
        while (x < 1) {
            double width = c.between(0.16, 0.3);
            double top = c.between(0.1, 0.45);
            c.block(c.vary(c.tone(c.chance(0.5) ? 2 : 3), 0.25), x, top, width, 0.8 - top);
            for (double wy = top + 0.05; wy < 0.72; wy += 0.1) {
                for (double wx = x + 0.03; wx < x + width - 0.04; wx += 0.07) {
                    c.block(c.chance(0.45) ? c.tone(1) : c.vary(c.tone(0), 0.3), wx, wy, 0.035, 0.055);
                }
            }
            x += width + 0.01;
        }
        c.block(c.tone(4), 0, 0.8, 1, 0.05);
        c.block(c.vary(c.tone(0), 0.2), 0, 0.85, 1, 0.15);
        c.figure(c.between(0.2, 0.8), 0.93, 0.2, 2.8, c.tone(1), c.tone(0));
        c.grain(6);
    }

    private static void village(Canvas c) {
        c.ground(c.tone(0), c.tone(0));
        c.oval(c.tone(3), c.chance(0.5) ? 0.15 : 0.85, 0.15, 0.17, 0.17);
        c.ridge(c.tone(1), c.between(0.5, 0.6), 0.04);
        for (int i = c.whole(1, 3); i > 0; i--) {
            double x = c.between(0.1, 0.7);
            double y = c.between(0.5, 0.75);
            c.block(c.tone(c.chance(0.5) ? 4 : 3), x, y, 0.2, 0.16);
            java.awt.geom.Path2D roof = new java.awt.geom.Path2D.Double();
            roof.moveTo(x - 0.03, y);
            roof.lineTo(x + 0.1, y - 0.14);
            roof.lineTo(x + 0.23, y);
            roof.closePath();
            c.fill(c.tone(2), roof);
            c.block(Color.WHITE, x + 0.08, y + 0.06, 0.05, 0.1);
        }
        for (int i = c.whole(3, 6); i > 0; i--) {
            double x = c.between(0.05, 0.95);
            double y = c.between(0.6, 0.92);
            c.block(new Color(0x6b4423), x - 0.012, y, 0.024, 0.08);
            c.oval(c.vary(c.tone(1), 0.35), x, y - 0.03, 0.13, 0.13);
            c.oval(c.tone(2), x + 0.02, y - 0.04, 0.025, 0.025);
        }
        c.grain(2);
    }

    private static void halftone(Canvas c) {
        boolean four = c.chance(0.5);
        int cells = four ? 2 : 1;
        for (int row = 0; row < cells; row++) {
            for (int column = 0; column < cells; column++) {
                double x = (double) column / cells;
                double y = (double) row / cells;
                double size = 1.0 / cells;
                int ground = c.whole(0, 2);
                c.block(c.tone(ground), x, y, size, size);
                c.oval(c.tone(3), x + size / 2, y + size * 0.5, size * 0.6, size * 0.75);
                c.oval(c.tone((ground + 1) % 3), x + size / 2, y + size * 0.52, size * 0.5, size * 0.62);
                c.oval(c.tone(3), x + size * 0.4, y + size * 0.46, size * 0.08, size * 0.06);
                c.oval(c.tone(3), x + size * 0.6, y + size * 0.46, size * 0.08, size * 0.06);
                c.oval(c.tone((ground + 2) % 3), x + size * 0.5, y + size * 0.67, size * 0.16, size * 0.08);
            }
        }
        double step = c.between(0.05, 0.07);
        for (double y = step / 2; y < 1; y += step) {
            for (double x = step / 2; x < 1; x += step) {
                c.oval(Canvas.veil(c.tone(4), 0.55), x, y, step * 0.45, step * 0.45);
            }
        }
    }

    private static void facets(Canvas c) {
        c.ground(c.tone(1), c.tone(0));
        for (int i = 0; i < 55; i++) {
            double pull = c.between(0.1, 0.5);
            double angle = c.between(0, 6.28);
            c.shard(
                    Canvas.veil(c.vary(c.anyTone(), 0.2), 0.7),
                    0.5 + pull * Math.cos(angle),
                    0.5 + pull * Math.sin(angle),
                    c.between(0.06, 0.18),
                    c.whole(3, 4));
        }
        for (int i = 0; i < 16; i++) {
            c.draw(
                    c.tone(4),
                    0.008,
                    new Line2D.Double(c.between(0, 1), c.between(0, 1), c.between(0, 1), c.between(0, 1)));
        }
        c.grain(10);
    }

    private static void prisms(Canvas c) {
        c.ground(c.tone(2), c.tone(1));
        for (int i = 0; i < 26; i++) {
            c.shard(c.vary(c.anyTone(), 0.3), c.between(0, 1), c.between(0, 1), c.between(0.12, 0.28), c.whole(3, 5));
        }
        double x = c.between(0.4, 0.6);
        c.shard(c.vary(c.tone(2), 0.1), x, 0.4, 0.22, 4);
        c.shard(c.tone(4), x + 0.08, 0.4, 0.1, 3);
        c.oval(Color.WHITE, x - 0.05, 0.36, 0.08, 0.05);
        c.oval(c.tone(4), x - 0.05, 0.36, 0.035, 0.035);
        for (int i = 0; i < 8; i++) {
            c.draw(
                    c.tone(4),
                    0.014,
                    new Line2D.Double(c.between(0, 1), c.between(0, 1), c.between(0, 1), c.between(0, 1)));
        }
        c.grain(6);
    }

    private static void collage(Canvas c) {
        c.ground(c.tone(0), c.tone(0));
        for (int i = c.whole(4, 7); i > 0; i--) {
            c.block(
                    c.tone(c.whole(1, 4)),
                    c.between(0, 0.7),
                    c.between(0, 0.7),
                    c.between(0.15, 0.45),
                    c.between(0.15, 0.45));
        }
        double x = c.between(0.4, 0.6);
        double y = c.between(0.45, 0.6);
        c.oval(c.tone(0), x, y - 0.12, 0.26, 0.22);
        c.oval(c.tone(0), x, y + 0.1, 0.34, 0.3);
        c.oval(c.tone(3), x, y, 0.1, 0.1);
        c.block(c.tone(3), x - 0.025, y - 0.45, 0.05, 0.4);
        for (int line = 0; line < 6; line++) {
            c.block(c.tone(3), 0.06, 0.72 + line * 0.035, c.between(0.12, 0.3), 0.012);
        }
        c.grain(4);
    }
}
