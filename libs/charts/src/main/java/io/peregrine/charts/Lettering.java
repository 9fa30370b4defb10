package io.peregrine.charts;

import java.awt.Font;
import java.awt.FontFormatException;
import java.awt.font.FontRenderContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The font of all charts. It is loaded from a library, so a chart is the same on every machine, even in a
/// container without fonts.
public final class Lettering {
    /// Font families in an SVG: the same font, or Verdana, which has the same letter widths.
    static final String FAMILIES = "DejaVu Sans, Verdana, sans-serif";

    private static final String FOLDER = "/net/sf/jasperreports/fonts/dejavu/";

    /// A minimal font configuration for AWT. Without it, AWT fails on machines without fonts.
    private static final String NO_FONTS = "version=1\nsequence.allfonts=default\n";

    private static final FontRenderContext MEASURED = new FontRenderContext(null, true, true);
    private static final Font PLAIN = load("DejaVuSans.ttf");
    private static final Font BOLD = load("DejaVuSans-Bold.ttf");

    private Lettering() {}

    private static Font load(String file) {
        try (InputStream font = Lettering.class.getResourceAsStream(FOLDER + file)) {
            if (System.getProperty("java.awt.headless") == null) {
                System.setProperty("java.awt.headless", "true");
            }
            if (System.getProperty("sun.awt.fontconfig") == null) {
                Path configuration = Files.createTempFile("peregrine-fonts", ".properties");
                configuration.toFile().deleteOnExit();
                System.setProperty(
                        "sun.awt.fontconfig",
                        Files.writeString(configuration, NO_FONTS).toString());
            }
            return Font.createFont(Font.TRUETYPE_FONT, font);
        } catch (IOException | FontFormatException broken) {
            throw new UncheckedIOException(new IOException(file + " cannot be read", broken));
        }
    }

    public static Font plain(double size) {
        return PLAIN.deriveFont((float) size);
    }

    public static Font bold(double size) {
        return BOLD.deriveFont((float) size);
    }

    public static double width(String text, Font font) {
        return text.isEmpty() ? 0 : font.getStringBounds(text, MEASURED).getWidth();
    }

    /// @return the text, shortened in its middle if it is wider, because long names differ at their ends
    public static String fitted(String text, Font font, double width) {
        if (width(text, font) <= width) {
            return text;
        }
        int[] points = text.codePoints().toArray();
        for (int kept = points.length - 1; kept > 1; kept--) {
            int head = (kept + 1) / 2;
            String shorter =
                    new String(points, 0, head) + "…" + new String(points, points.length - kept + head, kept - head);
            if (width(shorter, font) <= width) {
                return shorter;
            }
        }
        return "…";
    }

    /// @return the text with U+FFFD instead of characters that XML or fonts cannot represent: controls and lone
    ///     surrogates
    public static String printable(String text) {
        return text.codePoints()
                .map(c -> Character.isISOControl(c) || (c >= 0xd800 && c <= 0xdfff) || c == 0xfffe || c == 0xffff
                        ? 0xfffd
                        : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
