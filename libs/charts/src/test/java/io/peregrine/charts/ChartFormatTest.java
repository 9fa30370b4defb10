package io.peregrine.charts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.charts.Pen.Align;
import java.awt.Color;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;

class ChartFormatTest {
    private static final String HOSTILE = "<script>alert('x')</script> & \"quoted\" \u0001\ud800 ]]>";

    /// A red square on the left, a text on the right.
    private record Named(String name) implements Chart {
        @Override
        public String title() {
            return name;
        }

        @Override
        public int width() {
            return 400;
        }

        @Override
        public int height() {
            return 40;
        }

        @Override
        public void draw(Pen pen) {
            pen.rectangle(0, 0, 40, 40, Color.RED);
            pen.text(name, 390, 25, Align.RIGHT, Lettering.plain(12), Pen.INK);
            pen.turned(name, 60, 35, -90, Align.LEFT, Lettering.bold(8), Pen.INK);
        }
    }

    @Test
    void anyNameIsEscapedAsText() throws Exception {
        byte[] svg = ChartFormat.SVG.of(new Named(HOSTILE));
        Document document =
                DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(svg));
        assertThat(document.getElementsByTagName("script").getLength()).isZero();
        String shown = HOSTILE.replace('\u0001', '\ufffd').replace('\ud800', '\ufffd');
        assertThat(document.getElementsByTagName("title").item(0).getTextContent())
                .isEqualTo(shown);
        assertThat(document.getElementsByTagName("text").getLength()).isEqualTo(2);
        assertThat(document.getElementsByTagName("text").item(0).getTextContent())
                .isEqualTo(shown);
        assertThat(document.getDocumentElement().getAttribute("viewBox")).isEqualTo("0 0 400 40");
    }

    @Test
    void pngHasTwiceThePixelsAndTheSameDrawing() throws Exception {
        BufferedImage png = ImageIO.read(new ByteArrayInputStream(ChartFormat.PNG.of(new Named("x"))));
        assertThat(png.getWidth()).isEqualTo(800);
        assertThat(png.getHeight()).isEqualTo(80);
        assertThat(png.getRGB(40, 40)).isEqualTo(Color.RED.getRGB());
        assertThat(png.getRGB(300, 40)).isEqualTo(Color.WHITE.getRGB());
        assertThat(dark(png, 740, 800)).as("letters at the right end").isPositive();
        assertThat(dark(png, 100, 130)).as("rotated letters").isPositive();
    }

    private static int dark(BufferedImage png, int from, int to) {
        int dark = 0;
        for (int x = from; x < to; x++) {
            for (int y = 0; y < png.getHeight(); y++) {
                dark += (png.getRGB(x, y) & 0xff) < 100 ? 1 : 0;
            }
        }
        return dark;
    }

    @Test
    void sameChartGivesTheSameBytes() {
        for (ChartFormat format : ChartFormat.values()) {
            assertThat(format.of(new Named(HOSTILE))).isEqualTo(format.of(new Named(HOSTILE)));
        }
    }

    @Test
    void dotsAreDrawnInBothFormats() throws Exception {
        Path2D dot = new Path2D.Double();
        dot.moveTo(20, 20);
        dot.lineTo(20, 20);
        Chart chart = new Drawn(pen -> pen.dots(dot, Color.BLUE, 4));
        assertThat(new String(ChartFormat.SVG.of(chart), UTF_8)).contains("stroke-linecap:round", "d='M20,20L20,20'");
        BufferedImage png = ImageIO.read(new ByteArrayInputStream(ChartFormat.PNG.of(chart)));
        assertThat(png.getRGB(40, 40)).isEqualTo(Color.BLUE.getRGB());
        assertThat(png.getRGB(46, 40)).isEqualTo(Color.WHITE.getRGB());
    }

    @Test
    void linesCanBeDashed() {
        Chart chart = new Drawn(pen -> pen.outline(new Line2D.Double(0, 0, 9, 9), Color.BLUE, 2, 7, 4));
        assertThat(new String(ChartFormat.SVG.of(chart), UTF_8)).contains("stroke-dasharray:7.0,4.0");
    }

    private record Drawn(java.util.function.Consumer<Pen> drawing) implements Chart {
        @Override
        public String title() {
            return "drawn";
        }

        @Override
        public int width() {
            return 40;
        }

        @Override
        public int height() {
            return 40;
        }

        @Override
        public void draw(Pen pen) {
            drawing.accept(pen);
        }
    }
}
