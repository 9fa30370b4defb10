package io.peregrine.ingest.image;

import io.peregrine.events.spec.RunSpec.Fit;

/// Makes an image square, as Pillow would.
public final class SquareFit {
    private SquareFit() {}

    /// @param fit `stretch` is `Image.resize`, `cover` is `ImageOps.fit` (crops both ends of the longer side),
    ///     `letterbox` is `ImageOps.pad` (black bars; for a very long image at least one line is left, where
    ///     Pillow leaves none)
    /// @return u8 [3, side, side]
    public static byte[] of(Raster image, int side, Fit fit) {
        Raster square = switch (fit) {
            case STRETCH -> Resize.bilinear(image, Resize.Box.whole(image), side, side);
            case COVER -> Resize.bilinear(image, middle(image), side, side);
            case LETTERBOX -> letterbox(image, side);
        };
        return planes(square);
    }

    private static Resize.Box middle(Raster image) {
        double width = image.width();
        double height = image.height();
        double side = Math.min(width, height);
        double left = (width - side) * 0.5;
        double top = (height - side) * 0.5;
        return new Resize.Box((float) left, (float) top, (float) (left + side), (float) (top + side));
    }

    private static Raster letterbox(Raster image, int side) {
        double ratio = (double) image.width() / image.height();
        int width = ratio >= 1 ? side : Math.max(1, (int) Math.rint(ratio * side));
        int height = ratio <= 1 ? side : Math.max(1, (int) Math.rint((double) image.height() / image.width() * side));
        Raster small = Resize.bilinear(image, Resize.Box.whole(image), width, height);
        int left = (int) Math.rint((side - width) * 0.5);
        int top = (int) Math.rint((side - height) * 0.5);
        byte[] rgb = new byte[3 * side * side];
        for (int y = 0; y < height; y++) {
            System.arraycopy(small.rgb(), 3 * y * width, rgb, 3 * ((top + y) * side + left), 3 * width);
        }
        return new Raster(side, side, rgb);
    }

    private static byte[] planes(Raster image) {
        int pixels = image.width() * image.height();
        byte[] planes = new byte[3 * pixels];
        for (int i = 0; i < pixels; i++) {
            planes[i] = image.rgb()[3 * i];
            planes[pixels + i] = image.rgb()[3 * i + 1];
            planes[2 * pixels + i] = image.rgb()[3 * i + 2];
        }
        return planes;
    }
}
