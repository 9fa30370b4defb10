package io.peregrine.charts;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.jfree.svg.SVGGraphics2D;
import org.jfree.svg.SVGHints;
import org.jfree.svg.ViewBox;

/// File formats of a chart. All formats come from the same drawing code, so they show the same data. The same
/// chart gives the same bytes.
public enum ChartFormat {
    SVG("image/svg+xml") {
        @Override
        public byte[] of(Chart chart) {
            SVGGraphics2D g = new SVGGraphics2D(chart.width(), chart.height());
            g.setGeomDoubleConverter(ChartFormat::hundredths);
            g.setTransformDoubleConverter(ChartFormat::hundredths);
            g.setFontFunction(family -> Lettering.FAMILIES);
            g.setRenderingHint(SVGHints.KEY_ELEMENT_TITLE, Lettering.printable(chart.title()));
            draw(chart, g);
            ViewBox whole = new ViewBox(0, 0, chart.width(), chart.height());
            return g.getSVGElement(null, true, whole, null, null).getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public long bytes(int width, int height, long marks) {
            return marks * MARK_BYTES;
        }
    },
    PNG("image/png") {
        @Override
        public byte[] of(Chart chart) {
            int scale = ChartFormat.PIXELS;
            BufferedImage image =
                    new BufferedImage(chart.width() * scale, chart.height() * scale, BufferedImage.TYPE_INT_RGB);
            Graphics2D g = image.createGraphics();
            g.scale(scale, scale);
            draw(chart, g);
            g.dispose();
            ByteArrayOutputStream png = new ByteArrayOutputStream();
            try {
                // No cache file: the temp folder may be read-only.
                ImageIO.setUseCache(false);
                ImageIO.write(image, "png", png);
            } catch (IOException impossible) {
                throw new UncheckedIOException(impossible);
            }
            return png.toByteArray();
        }

        @Override
        public long bytes(int width, int height, long marks) {
            return (long) width * PIXELS * height * PIXELS * PIXEL_BYTES;
        }
    };

    /// Pixels of a PNG per chart pixel: sharp enough for print.
    private static final int PIXELS = 2;

    /// Memory per mark of an SVG: its text of about 300 characters, as a builder, a string and bytes.
    private static final int MARK_BYTES = 900;

    /// Memory per pixel of a PNG: the raster, and three times the compressed file while its buffer grows.
    private static final int PIXEL_BYTES = 4 + 3 * 2;

    static {
        // Lettering sets AWT's system properties, which must happen before AWT is initialized.
        Lettering.plain(1);
    }

    private final String mediaType;

    ChartFormat(String mediaType) {
        this.mediaType = mediaType;
    }

    public String mediaType() {
        return mediaType;
    }

    /// @return the chart as a file
    public abstract byte[] of(Chart chart);

    /// @param marks number of drawn lines, areas and texts
    /// @return maximum memory for drawing such a chart, in bytes
    public abstract long bytes(int width, int height, long marks);

    private static void draw(Chart chart, Graphics2D g) {
        Pen pen = new Pen(g);
        pen.rectangle(0, 0, chart.width(), chart.height(), Color.WHITE);
        chart.draw(pen);
    }

    private static String hundredths(double value) {
        String text = String.format(Locale.ROOT, "%.2f", value);
        int end = text.length();
        while (text.charAt(end - 1) == '0') {
            end--;
        }
        return text.substring(0, text.charAt(end - 1) == '.' ? end - 1 : end);
    }
}
