package io.peregrine.charts;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.geom.Rectangle2D;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PaletteTest {
    @Test
    void textIsReadableOnEveryShareAndOnWhite() {
        for (int percent = 0; percent <= 100; percent++) {
            double share = percent / 100.0;
            assertThat(contrast(Palette.on(share), Palette.share(share)))
                    .as("contrast at %d %%", percent)
                    .isGreaterThanOrEqualTo(4.5);
        }
        assertThat(contrast(Pen.GREY, Color.WHITE)).isGreaterThan(4.5);
        assertThat(contrast(Pen.INK, Color.WHITE)).isGreaterThan(7);
    }

    @Test
    void sharesDarkenEvenlySoThatTheyDifferInGreyscale() {
        for (int percent = 1; percent <= 100; percent++) {
            assertThat(luminance(Palette.share(percent / 100.0)))
                    .isLessThan(luminance(Palette.share((percent - 1) / 100.0)));
        }
    }

    @Test
    void thirtyFiveSeriesDifferInColourOrShape() {
        Set<String> seen = new HashSet<>();
        for (int series = 0; series < 35; series++) {
            Rectangle2D bounds = Palette.mark(series, 0, 0, 10).getBounds2D();
            String form = Palette.mark(series, 0, 0, 10).getClass() + " " + bounds;
            assertThat(seen.add(Palette.colour(series) + form))
                    .as("series %d", series)
                    .isTrue();
        }
    }

    /// Contrast ratio of WCAG 2.2.
    private static double contrast(Color one, Color other) {
        double lighter = Math.max(luminance(one), luminance(other));
        double darker = Math.min(luminance(one), luminance(other));
        return (lighter + 0.05) / (darker + 0.05);
    }

    private static double luminance(Color colour) {
        return 0.2126 * linear(colour.getRed())
                + 0.7152 * linear(colour.getGreen())
                + 0.0722 * linear(colour.getBlue());
    }

    private static double linear(int channel) {
        double c = channel / 255.0;
        return c <= 0.03928 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4);
    }
}
