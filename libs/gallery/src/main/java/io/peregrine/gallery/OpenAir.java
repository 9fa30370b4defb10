package io.peregrine.gallery;

import java.awt.Color;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.util.List;

/// Styles with landscapes and skies, from Romanticism to Fauvism, and Ukiyo-e.
final class OpenAir {
    static final List<Style> STYLES = List.of(
            Style.of("Romanticism", OpenAir::storm, 0x2f3d4f, 0xd98a3a, 0x5a4a3c, 0xf0d9a0, 0x1c2630),
            Style.of("Realism", OpenAir::field, 0x9aa7b0, 0x8a7440, 0x5b4a2a, 0x6b6a45, 0xc9bfa5),
            Style.of("Impressionism", OpenAir::dabs, 0x8fb8de, 0xa7c88a, 0xf2c9d0, 0xf6e3a1, 0x6f8fc0),
            Style.of("Post_Impressionism", OpenAir::swirls, 0x1f3f8f, 0xe8b923, 0x2f7f5f, 0x3f6fcf, 0xf4e7b0),
            Style.of("Pointillism", OpenAir::dots, 0x4f8fd0, 0x6fbf5f, 0xf0c040, 0xe07050, 0xf0e8d0),
            Style.of("Fauvism", OpenAir::wild, 0xff5a2a, 0x1fae8f, 0xf7c52b, 0xd81f6a, 0x2a4fd0),
            Style.of("Expressionism", OpenAir::scream, 0xd0401f, 0x1f2a5f, 0xf09020, 0x204f3f, 0x7f1f4f),
            Style.of("Symbolism", OpenAir::moon, 0x141b33, 0x2f4a5f, 0xe9e2b8, 0x4a3a5f, 0x0a0d1a),
            Style.of("Ukiyo_e", OpenAir::wave, 0xf2e6c9, 0x1f3f6f, 0x5f8fb0, 0xc8402f, 0xffffff));

    private OpenAir() {}

    private static void storm(Canvas c) {
        c.ground(c.tone(0), c.tone(1));
        double x = c.between(0.25, 0.75);
        c.glow(c.tone(3), x, c.between(0.35, 0.55), 0.5, 0.9);
        for (int i = 0; i < 14; i++) {
            c.glow(c.tone(4), c.between(0, 1), c.between(0, 0.35), c.between(0.12, 0.3), 0.5);
        }
        if (c.chance(0.5)) {
            c.ridge(c.vary(c.tone(2), 0.2), c.between(0.55, 0.65), 0.16);
            c.ridge(c.tone(4), 0.82, 0.08);
        } else {
            for (int i = 0; i < 26; i++) {
                c.stroke(
                        c.vary(i % 4 == 0 ? c.tone(3) : c.tone(0), 0.3),
                        c.between(-0.1, 0.9),
                        c.between(0.62, 1),
                        0.1,
                        0.25,
                        0.03,
                        -0.5);
            }
        }
        if (c.chance(0.6)) {
            c.figure(c.between(0.3, 0.7), 0.9, 0.2, 3, c.tone(2), c.tone(4));
        }
        c.grain(8);
    }

    private static void field(Canvas c) {
        c.ground(c.tone(0), c.tone(4));
        c.ridge(c.vary(c.tone(3), 0.15), c.between(0.42, 0.52), 0.03);
        c.ridge(c.vary(c.tone(1), 0.15), c.between(0.58, 0.66), 0.02);
        for (int i = 0; i < 30; i++) {
            double y = c.between(0.68, 1);
            c.stroke(c.vary(c.tone(1), 0.3), c.between(0, 1), y, -1.4, 0.05, 0.008, 0.1);
        }
        for (int i = c.whole(1, 3); i > 0; i--) {
            c.figure(
                    c.between(0.15, 0.85),
                    c.between(0.82, 0.95),
                    c.between(0.28, 0.4),
                    2.2,
                    c.vary(c.tone(4), 0.2),
                    c.tone(2));
        }
        c.glow(Color.BLACK, 0.5, 1.1, 0.6, 0.35);
        c.grain(9);
    }

    private static void dabs(Canvas c) {
        double horizon = c.between(0.35, 0.6);
        c.ground(c.tone(0), c.tone(1));
        for (int i = 0; i < 420; i++) {
            double y = c.between(0, 1);
            Color colour = y < horizon
                    ? c.tone(c.chance(0.7) ? 0 : 2 + c.whole(0, 1))
                    : c.tone(c.chance(0.55) ? 1 : c.whole(2, 4));
            c.stroke(c.vary(colour, 0.2), c.between(0, 1), y, c.between(-0.4, 0.4), 0.05, 0.022, 0.2);
        }
        if (c.chance(0.5)) {
            c.oval(Canvas.veil(c.tone(3), 0.9), c.between(0.2, 0.8), horizon * 0.5, 0.1, 0.1);
        }
        c.grain(7);
    }

    private static void swirls(Canvas c) {
        c.ground(c.tone(0), c.vary(c.tone(2), 0.2));
        int centres = c.whole(2, 4);
        for (int s = 0; s < centres; s++) {
            double x = c.between(0.1, 0.9);
            double y = c.between(0.08, 0.5);
            for (double r = 0.05; r < 0.26; r += 0.035) {
                for (int i = 0; i < 9; i++) {
                    double angle = 2 * Math.PI * i / 9 + r * 20;
                    Color colour = r < 0.1 ? c.tone(1) : c.tone(c.chance(0.3) ? 4 : 3);
                    c.stroke(
                            c.vary(colour, 0.2),
                            x + r * Math.cos(angle),
                            y + r * Math.sin(angle),
                            angle + Math.PI / 2,
                            0.07,
                            0.02,
                            0.25);
                }
            }
        }
        c.ridge(c.vary(c.tone(2), 0.2), 0.72, 0.06);
        for (int i = 0; i < 70; i++) {
            c.stroke(
                    c.vary(c.tone(c.chance(0.4) ? 1 : 2), 0.25),
                    c.between(0, 1),
                    c.between(0.72, 1),
                    c.between(-0.5, 0.1),
                    0.08,
                    0.02,
                    0.3);
        }
        if (c.chance(0.5)) {
            c.stroke(c.vary(c.tone(0), 0.5), c.between(0.1, 0.3), 1, -1.5, 0.8, 0.07, 0.1);
        }
        c.grain(6);
    }

    private static void dots(Canvas c) {
        c.ground(c.tone(4), c.tone(4));
        double horizon = c.between(0.4, 0.65);
        double tree = c.between(0.15, 0.85);
        double size = c.between(0.016, 0.022);
        for (int i = 0; i < 1_500; i++) {
            double x = c.between(0, 1);
            double y = c.between(0, 1);
            boolean inTree = Math.hypot(x - tree, (y - horizon + 0.1) * 0.8) < 0.2;
            int tone =
                    inTree ? (c.chance(0.7) ? 1 : 3) : y < horizon ? (c.chance(0.75) ? 0 : 2) : c.chance(0.6) ? 2 : 1;
            c.oval(c.vary(c.tone(c.chance(0.12) ? c.whole(0, 4) : tone), 0.15), x, y, size, size);
        }
        c.grain(3);
    }

    private static void wild(Canvas c) {
        c.ground(c.anyTone(), c.anyTone());
        double height = c.between(0.3, 0.45);
        for (int i = 0; i < 4; i++) {
            c.ridge(c.tone(c.whole(0, 4)), height + 0.16 * i, 0.09);
        }
        for (int i = c.whole(2, 5); i > 0; i--) {
            double x = c.between(0.1, 0.9);
            c.stroke(c.tone(3), x, 0.95, -1.5, c.between(0.4, 0.6), 0.05, 0.15);
            c.oval(c.tone(1), x, c.between(0.3, 0.5), 0.26, 0.2);
        }
        for (int i = 0; i < 18; i++) {
            c.stroke(c.anyTone(), c.between(0, 1), c.between(0.5, 1), c.between(-0.3, 0.3), 0.12, 0.035, 0.1);
        }
        c.grain(4);
    }

    private static void scream(Canvas c) {
        c.ground(c.tone(0), c.tone(1));
        double bend = c.between(-0.5, 0.5);
        for (int i = 0; i < 34; i++) {
            double y = i / 34.0;
            Color colour = y < 0.4 ? c.tone(c.chance(0.5) ? 0 : 2) : c.tone(c.chance(0.5) ? 1 : 3 + c.whole(0, 1));
            c.stroke(
                    c.vary(colour, 0.3),
                    -0.1,
                    y + c.between(-0.05, 0.05),
                    c.between(-0.15, 0.2),
                    1.3,
                    0.045,
                    bend * 0.4);
        }
        double x = c.between(0.3, 0.7);
        c.stroke(c.tone(4), x - 0.05, 1, -1.5, 0.45, 0.16, 0.2);
        c.oval(c.vary(c.tone(2), 0.15), x, 0.5, 0.18, 0.25);
        c.oval(c.tone(1), x - 0.04, 0.47, 0.035, 0.05);
        c.oval(c.tone(1), x + 0.04, 0.47, 0.035, 0.05);
        c.oval(c.tone(1), x, 0.56, 0.04, 0.07);
        c.grain(9);
    }

    private static void moon(Canvas c) {
        c.ground(c.tone(0), c.tone(1));
        double x = c.between(0.25, 0.75);
        double y = c.between(0.15, 0.35);
        c.glow(c.tone(2), x, y, c.between(0.3, 0.5), 0.6);
        c.oval(c.tone(2), x, y, 0.16, 0.16);
        c.ridge(c.vary(c.tone(3), 0.2), 0.58, 0.05);
        for (int i = 0; i < 12; i++) {
            double width = c.between(0.04, 0.14);
            c.oval(Canvas.veil(c.tone(2), 0.35), x + c.between(-0.04, 0.04), 0.64 + i * 0.03, width, 0.012);
        }
        for (int i = c.whole(2, 5); i > 0; i--) {
            double at = c.between(0, 1);
            c.stroke(c.tone(4), at, 1, -1.55, c.between(0.4, 0.85), 0.035, c.between(-0.15, 0.15));
        }
        c.figure(c.between(0.2, 0.8), 0.95, 0.3, 3.4, c.vary(c.tone(2), 0.2), c.tone(4));
        c.grain(6);
    }

    private static void wave(Canvas c) {
        c.ground(c.tone(0), c.vary(c.tone(0), 0.08));
        if (c.chance(0.6)) {
            c.oval(c.tone(3), c.between(0.2, 0.8), c.between(0.15, 0.3), 0.18, 0.18);
        }
        Path2D mountain = new Path2D.Double();
        double peak = c.between(0.3, 0.7);
        mountain.moveTo(peak - 0.25, 0.7);
        mountain.quadTo(peak - 0.05, 0.42, peak, 0.36);
        mountain.quadTo(peak + 0.05, 0.42, peak + 0.25, 0.7);
        mountain.closePath();
        c.fill(c.vary(c.tone(2), 0.1), mountain);
        for (int row = 0; row < 4; row++) {
            double y = 0.62 + row * 0.11;
            double shift = c.between(0, 0.25);
            for (double x = -0.25 + shift; x < 1.1; x += 0.25) {
                for (int ring = 0; ring < 3; ring++) {
                    double size = 0.32 - ring * 0.09;
                    c.fill(
                            ring == 1 ? c.tone(4) : c.tone(1),
                            new Ellipse2D.Double(x - size / 2, y - size / 3, size, size));
                }
            }
        }
        c.block(c.tone(3), c.chance(0.5) ? 0.05 : 0.88, 0.06, 0.07, 0.2);
        c.grain(3);
    }
}
