package io.peregrine.gallery;

import java.awt.Color;
import java.awt.geom.Line2D;
import java.util.List;

/// Abstract styles, without figures or scenes.
final class Abstract {
    static final List<Style> STYLES = List.of(
            Style.of("Abstract_Expressionism", Abstract::gestures, 0x101010, 0xf4f0e6, 0xc92a2a, 0x1f4fa0, 0xe0a81f),
            Style.of("Action_painting", Abstract::drips, 0xe9e0cc, 0x151515, 0x7f8f98, 0xb5651d, 0xffffff),
            Style.of("Color_Field_Painting", Abstract::bands, 0x9f1f1f, 0xe06f1f, 0x4f1f3f, 0xd8a830, 0x1f2f5f),
            Style.of("Minimalism", Abstract::almostNothing, 0xf2f2ee, 0xdcdcd8, 0x202020, 0x8f9498, 0xb03a3a));

    private Abstract() {}

    private static void gestures(Canvas c) {
        c.ground(c.tone(1), c.vary(c.tone(1), 0.1));
        for (int i = 0; i < 6; i++) {
            c.shard(
                    Canvas.veil(c.tone(c.whole(2, 4)), 0.75),
                    c.between(0, 1),
                    c.between(0, 1),
                    c.between(0.15, 0.3),
                    6);
        }
        for (int i = c.whole(6, 10); i > 0; i--) {
            c.stroke(
                    c.vary(c.tone(c.chance(0.6) ? 0 : c.whole(2, 4)), 0.2),
                    c.between(0, 1),
                    c.between(0, 1),
                    c.between(0, 6.28),
                    c.between(0.35, 0.8),
                    c.between(0.05, 0.12),
                    c.between(-0.6, 0.6));
        }
        c.grain(12);
    }

    private static void drips(Canvas c) {
        c.ground(c.tone(0), c.vary(c.tone(0), 0.05));
        for (int i = 0; i < 70; i++) {
            c.stroke(
                    c.tone(c.chance(0.55) ? 1 : c.whole(2, 4)),
                    c.between(-0.1, 1),
                    c.between(-0.1, 1),
                    c.between(0, 6.28),
                    c.between(0.2, 0.6),
                    c.between(0.006, 0.016),
                    c.between(-0.9, 0.9));
        }
        for (int i = 0; i < 160; i++) {
            double size = c.between(0.006, 0.03);
            c.oval(c.tone(c.chance(0.6) ? 1 : c.whole(2, 4)), c.between(0, 1), c.between(0, 1), size, size);
        }
        c.grain(4);
    }

    private static void bands(Canvas c) {
        Color ground = c.anyTone();
        c.ground(ground, c.vary(ground, 0.15));
        int bands = c.whole(2, 3);
        double height = 0.88 / bands;
        for (int i = 0; i < bands; i++) {
            Color colour = c.vary(c.anyTone(), 0.25);
            double y = 0.06 + i * height;
            for (int soft = 0; soft < 6; soft++) {
                double rim = 0.05 + soft * 0.008;
                c.block(Canvas.veil(colour, 0.35), rim, y + rim * 0.5, 1 - 2 * rim, height - rim);
            }
        }
        c.grain(7);
    }

    private static void almostNothing(Canvas c) {
        c.ground(c.tone(0), c.vary(c.tone(0), 0.03));
        Color mark = c.tone(c.chance(0.7) ? 2 : 3 + c.whole(0, 1));
        switch (c.whole(0, 2)) {
            case 0 -> {
                double size = c.between(0.2, 0.5);
                c.block(mark, c.between(0.1, 0.9 - size), c.between(0.1, 0.9 - size), size, size);
            }
            case 1 -> {
                double gap = c.between(0.08, 0.16);
                for (double y = gap; y < 1; y += gap) {
                    c.draw(mark, 0.008, new Line2D.Double(0.08, y, 0.92, y));
                }
            }
            default -> {
                double x = c.between(0.2, 0.7);
                c.block(c.tone(1), 0, 0, x, 1);
                c.block(mark, x, 0, 0.02, 1);
            }
        }
        c.grain(2);
    }
}
