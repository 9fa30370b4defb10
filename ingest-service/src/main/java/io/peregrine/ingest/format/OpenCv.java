package io.peregrine.ingest.format;

import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.ingest.image.Raster;
import java.nio.file.Path;
import org.opencv.core.Core;
import org.opencv.core.CvException;
import org.opencv.core.CvType;
import org.opencv.core.Mat;
import org.opencv.core.MatOfByte;
import org.opencv.imgcodecs.Imgcodecs;

/// OpenCV's native decoders, for JPEG, WebP, and TIFF with fax, JPEG or YCbCr. All give 8 bits a value.
final class OpenCv {
    static {
        load();
        // The worker pool decodes one image per thread; OpenCV's own threads would only compete with it.
        Core.setNumThreads(1);
    }

    private OpenCv() {}

    /// The container image has the library unpacked in the folder `PEREGRINE_NATIVES`, since its root is
    /// read-only and nothing can be unpacked there. Elsewhere OpenPnP unpacks it into the temporary folder at
    /// each start.
    private static void load() {
        String folder = System.getenv("PEREGRINE_NATIVES");
        if (folder == null) {
            nu.pattern.OpenCV.loadLocally();
        } else {
            System.load(Path.of(folder, System.mapLibraryName(Core.NATIVE_LIBRARY_NAME))
                    .toAbsolutePath()
                    .toString());
        }
    }

    /// @throws ImageRejectedException if the pixels cannot be decoded, or are not colours or greys of 8 bits
    static Raster decode(byte[] file, ImageHeader.Format format) throws ImageRejectedException {
        MatOfByte bytes = new MatOfByte(file);
        Mat decoded = null;
        try {
            boolean jpeg = format == ImageHeader.Format.JPEG;
            int flags =
                    jpeg ? Imgcodecs.IMREAD_COLOR | Imgcodecs.IMREAD_IGNORE_ORIENTATION : Imgcodecs.IMREAD_UNCHANGED;
            decoded = Imgcodecs.imdecode(bytes, flags);
            if (decoded.empty()) {
                throw ImageRejectedException.corrupt("the %s's pixels cannot be decoded".formatted(format));
            }
            return rgb(decoded, format);
        } catch (CvException e) {
            throw ImageRejectedException.corrupt(
                    "the %s's pixels cannot be decoded: %s".formatted(format, e.getMessage()));
        } finally {
            bytes.release();
            if (decoded != null) {
                decoded.release();
            }
        }
    }

    /// Converts BGR, BGRA or grey of 8 bits to RGB over white. It works row by row, since memory for a
    /// third copy of the largest images is not available.
    private static Raster rgb(Mat decoded, ImageHeader.Format format) throws ImageRejectedException {
        int width = decoded.cols();
        int channels = decoded.channels();
        if (decoded.depth() != CvType.CV_8U) {
            throw ImageRejectedException.unsupported(
                    "a %s of %s; save it with 8 bits per value".formatted(format, CvType.typeToString(decoded.type())));
        }
        byte[] rgb = new byte[Math.toIntExact(3 * decoded.total())];
        byte[] row = new byte[width * channels];
        for (int y = 0; y < decoded.rows(); y++) {
            decoded.get(y, 0, row);
            overWhite(row, channels, rgb, 3 * y * width);
        }
        return new Raster(width, decoded.rows(), rgb);
    }

    private static void overWhite(byte[] row, int channels, byte[] rgb, int begin) {
        int to = begin;
        for (int at = 0; at < row.length; at += channels) {
            int alpha = channels == 4 ? row[at + 3] & 0xff : 255;
            for (int c = 2; c >= 0; c--) {
                byte value = row[channels < 3 ? at : at + c];
                rgb[to++] = Raster.overWhite(value & 0xff, alpha);
            }
        }
    }
}
