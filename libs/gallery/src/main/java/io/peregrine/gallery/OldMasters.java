package io.peregrine.gallery;

import java.awt.Color;
import java.awt.geom.Arc2D;
import java.awt.geom.Path2D;
import java.util.List;

/// Styles with portraits, altars and garlands, from the early Renaissance to the Rococo.
final class OldMasters {
    private static final Color SKIN = new Color(0xe2b48c);
    private static final Color PALE_SKIN = new Color(0xf0d2b8);

    static final List<Style> STYLES = List.of(
            Style.of("Early_Renaissance", OldMasters::altar, 0xc9a227, 0x1f4e8c, 0xb03a2e, 0x2e7d5b, 0xf1e0b0),
            Style.of("High_Renaissance", OldMasters::triangle, 0x8d9b6a, 0x5b7b8c, 0x7a3b2e, 0x4a5a3a, 0xd8c49a),
            Style.of(
                    "Mannerism_Late_Renaissance",
                    OldMasters::elongated,
                    0xd46a8f,
                    0x6fae5c,
                    0xe0a030,
                    0x5a6fb0,
                    0x3c2f4a),
            Style.of("Northern_Renaissance", OldMasters::interior, 0x2c3a2c, 0x7a1f1f, 0x9aa58a, 0x4a3524, 0xd9d4c0),
            Style.of("Baroque", OldMasters::candlelight, 0x1a120c, 0x6e1a14, 0xb8782e, 0x3a2616, 0xe8c88a),
            Style.of("Rococo", OldMasters::garland, 0xf3c6cf, 0xbfdcea, 0xf7ead0, 0xa9c79a, 0xd890a0));

    private OldMasters() {}

    private static void altar(Canvas c) {
        c.ground(c.tone(0), c.vary(c.tone(0), 0.2));
        double width = c.between(0.6, 0.85);
        c.fill(c.vary(c.tone(4), 0.1), new Arc2D.Double(0.5 - width / 2, 0.05, width, 1.1, 0, 180, Arc2D.PIE));
        c.block(c.vary(c.tone(4), 0.1), 0.5 - width / 2, 0.58, width, 0.42);
        int figures = c.whole(1, 3);
        for (int i = 0; i < figures; i++) {
            double x = 0.5 + (i - (figures - 1) / 2.0) * 0.24 + c.between(-0.03, 0.03);
            double height = c.between(0.5, 0.64);
            c.oval(c.tone(0), x, 0.94 - height * 0.88, 0.2, 0.2);
            c.figure(x, 0.94, height, 2.6, SKIN, c.tone(1 + c.whole(0, 2)));
        }
        c.draw(c.vary(c.tone(2), 0.2), 0.03, new java.awt.geom.Rectangle2D.Double(0.015, 0.015, 0.97, 0.97));
        c.grain(8);
    }

    private static void triangle(Canvas c) {
        c.ground(c.tone(1), c.tone(4));
        c.ridge(c.vary(c.tone(0), 0.2), c.between(0.45, 0.6), 0.05);
        c.ridge(c.vary(c.tone(3), 0.2), c.between(0.65, 0.75), 0.04);
        double x = c.between(0.4, 0.6);
        Path2D robe = new Path2D.Double();
        robe.moveTo(x, 0.25);
        robe.lineTo(x + c.between(0.32, 0.42), 1);
        robe.lineTo(x - c.between(0.32, 0.42), 1);
        robe.closePath();
        c.fill(c.vary(c.tone(2), 0.25), robe);
        c.sitter(x, c.between(0.28, 0.34), c.between(0.22, 0.27), SKIN, c.vary(c.tone(3), 0.3), c.tone(2));
        c.glow(c.tone(4), 0.5, 0.4, 0.8, 0.25);
        c.grain(6);
    }

    private static void elongated(Canvas c) {
        c.ground(c.vary(c.tone(4), 0.2), c.vary(c.tone(3), 0.2));
        int figures = c.whole(2, 4);
        for (int i = 0; i < figures; i++) {
            double x = (i + 0.5) / figures + c.between(-0.06, 0.06);
            c.figure(x, c.between(0.92, 1.02), c.between(0.75, 0.95), 5.5, PALE_SKIN, c.tone(c.whole(0, 2)));
            c.stroke(c.vary(PALE_SKIN, 0.1), x, 0.4, c.between(-1.2, 0.4), 0.22, 0.02, 0.5);
        }
        c.glow(Color.WHITE, c.between(0.2, 0.8), 0.1, 0.5, 0.35);
        c.grain(8);
    }

    private static void interior(Canvas c) {
        c.ground(c.tone(0), c.vary(c.tone(3), 0.2));
        double left = c.chance(0.5) ? 0.06 : 0.66;
        c.block(c.tone(4), left, 0.08, 0.28, 0.36);
        c.block(c.vary(c.tone(2), 0.15), left, 0.28, 0.28, 0.16);
        c.draw(c.tone(3), 0.018, new java.awt.geom.Line2D.Double(left + 0.14, 0.08, left + 0.14, 0.44));
        c.draw(c.tone(3), 0.018, new java.awt.geom.Line2D.Double(left, 0.24, left + 0.28, 0.24));
        double x = left < 0.5 ? c.between(0.58, 0.68) : c.between(0.32, 0.42);
        c.sitter(x, c.between(0.36, 0.44), c.between(0.26, 0.32), PALE_SKIN, c.tone(4), c.vary(c.tone(1), 0.3));
        for (int i = 0; i < 5; i++) {
            c.block(c.vary(c.tone(3), 0.3), 0, 0.86 + i * 0.03, 1, 0.012);
        }
        c.grain(5);
    }

    private static void candlelight(Canvas c) {
        c.ground(c.tone(0), c.vary(c.tone(3), 0.3));
        double x = c.between(0.3, 0.7);
        double y = c.between(0.3, 0.45);
        c.glow(c.tone(2), x - 0.1, y, c.between(0.5, 0.8), 0.75);
        for (int i = c.whole(1, 2); i > 0; i--) {
            double beside = x + (i - 1) * c.between(-0.35, 0.35);
            c.sitter(
                    beside,
                    y + 0.05 * i,
                    c.between(0.2, 0.28),
                    c.vary(c.tone(4), 0.1),
                    c.tone(0),
                    c.vary(c.tone(1), 0.3));
        }
        c.glow(c.tone(4), x - 0.15, y - 0.1, 0.3, 0.5);
        c.glow(Color.BLACK, 1, 1, 0.9, 0.85);
        c.glow(Color.BLACK, 0, 1, 0.5, 0.6);
        c.grain(7);
    }

    private static void garland(Canvas c) {
        c.ground(c.tone(1), c.tone(2));
        for (int i = 0; i < 9; i++) {
            c.glow(Color.WHITE, c.between(0, 1), c.between(0, 0.5), c.between(0.15, 0.3), 0.6);
        }
        c.ridge(c.vary(c.tone(3), 0.1), 0.75, 0.05);
        for (int i = c.whole(1, 3); i > 0; i--) {
            c.figure(
                    c.between(0.25, 0.75),
                    0.95,
                    c.between(0.4, 0.55),
                    1.7,
                    PALE_SKIN,
                    c.vary(c.tone(c.chance(0.5) ? 0 : 4), 0.1));
        }
        for (int i = 0; i < 40; i++) {
            double t = c.between(0, 1);
            double y = 0.12 + 0.22 * Math.sin(Math.PI * t) + c.between(-0.03, 0.03);
            c.oval(c.vary(c.tone(c.chance(0.6) ? 4 : 3), 0.15), t, y, 0.05, 0.05);
        }
        c.grain(6);
    }
}
