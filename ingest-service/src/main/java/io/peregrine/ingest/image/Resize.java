package io.peregrine.ingest.image;

import java.util.Arrays;

/// Pillow's `Image.resize(…, BILINEAR)`, bit for bit. A triangle filter scaled with the reduction (so it does not
/// alias), one pass along the rows and one along the columns, 22-bit fixed point with 8 bits between the passes
/// (`libImaging/Resample.c`).
public final class Resize {
    /// Identifies this rule in packs and decode keys.
    public static final String RULE = "pillow-13-bilinear";

    private static final int FRACTION_BITS = 22;

    /// @param first source index of the first weight of each output
    /// @param weights of each output, in fixed point; their sum is about 2²²
    private record Filter(int[] first, int[][] weights) {}

    private Resize() {}

    /// The part of an image between (left, top) and (right, bottom), in pixels and fractions of pixels.
    record Box(float left, float top, float right, float bottom) {
        static Box whole(Raster image) {
            return new Box(0, 0, image.width(), image.height());
        }
    }

    /// @return u8 [height, width, 3]
    static Raster bilinear(Raster image, Box box, int width, int height) {
        if (columnsFirst(image, width, height)) {
            return rows(columns(image, box, height), box, width);
        }
        return columns(rows(image, box, width), box, height);
    }

    /// Since version 13 Pillow starts with the cheaper pass. The 8 bits between the passes make the order visible
    /// in the last digit, so this code makes the same choice. Earlier versions always resize the rows first.
    private static boolean columnsFirst(Raster image, int width, int height) {
        return image.height() > height && image.height() - height > 2 * (image.width() - width);
    }

    private static Raster rows(Raster image, Box box, int width) {
        boolean whole = box.left() == 0 && box.right() == image.width();
        return whole && width == image.width()
                ? image
                : horizontally(image, filter(image.width(), box.left(), box.right(), width));
    }

    private static Raster columns(Raster image, Box box, int height) {
        boolean whole = box.top() == 0 && box.bottom() == image.height();
        return whole && height == image.height()
                ? image
                : vertically(image, filter(image.height(), box.top(), box.bottom(), height));
    }

    private static Filter filter(int size, float from, float to, int outputs) {
        double scale = (double) (to - from) / outputs;
        double reach = Math.max(scale, 1);
        int[] first = new int[outputs];
        int[][] weights = new int[outputs][];
        for (int i = 0; i < outputs; i++) {
            double centre = from + (i + 0.5) * scale;
            int begin = Math.max(0, (int) (centre - reach + 0.5));
            int end = Math.min(size, (int) (centre + reach + 0.5));
            double[] triangle = new double[end - begin];
            double sum = 0;
            for (int x = 0; x < triangle.length; x++) {
                double inverse = 1.0 / reach;
                triangle[x] = Math.max(0, 1 - Math.abs((x + begin - centre + 0.5) * inverse));
                sum += triangle[x];
            }
            first[i] = begin;
            weights[i] = new int[triangle.length];
            for (int x = 0; x < triangle.length; x++) {
                double share = sum == 0 ? triangle[x] : triangle[x] / sum;
                weights[i][x] = (int) (0.5 + share * (1 << FRACTION_BITS));
            }
        }
        return new Filter(first, weights);
    }

    private static Raster horizontally(Raster image, Filter filter) {
        int width = filter.first().length;
        byte[] from = image.rgb();
        byte[] to = new byte[3 * width * image.height()];
        int at = 0;
        for (int y = 0; y < image.height(); y++) {
            int row = 3 * y * image.width();
            for (int x = 0; x < width; x++) {
                // At most 255 · (2²² + one rounding per weight), which fits an int.
                int red = 1 << FRACTION_BITS - 1;
                int green = red;
                int blue = red;
                int pixel = row + 3 * filter.first()[x];
                for (int weight : filter.weights()[x]) {
                    red += (from[pixel] & 0xff) * weight;
                    green += (from[pixel + 1] & 0xff) * weight;
                    blue += (from[pixel + 2] & 0xff) * weight;
                    pixel += 3;
                }
                to[at++] = clipped(red);
                to[at++] = clipped(green);
                to[at++] = clipped(blue);
            }
        }
        return new Raster(width, image.height(), to);
    }

    private static Raster vertically(Raster image, Filter filter) {
        int height = filter.first().length;
        int rowBytes = 3 * image.width();
        byte[] from = image.rgb();
        byte[] to = new byte[rowBytes * height];
        int[] sums = new int[rowBytes];
        for (int y = 0; y < height; y++) {
            Arrays.fill(sums, 1 << FRACTION_BITS - 1);
            int row = rowBytes * filter.first()[y];
            for (int weight : filter.weights()[y]) {
                for (int i = 0; i < rowBytes; i++) {
                    sums[i] += (from[row + i] & 0xff) * weight;
                }
                row += rowBytes;
            }
            for (int i = 0; i < rowBytes; i++) {
                to[y * rowBytes + i] = clipped(sums[i]);
            }
        }
        return new Raster(image.width(), height, to);
    }

    private static byte clipped(int sum) {
        return (byte) Math.clamp(sum >> FRACTION_BITS, 0, 255);
    }
}
