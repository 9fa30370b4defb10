package io.peregrine.ingest.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.Sha256;
import io.peregrine.events.spec.RunSpec.Fit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SquareFitTest {
    /// Pillow 13.0.0's `resize`, `ImageOps.fit` and `ImageOps.pad` of the image below with side 24 and BILINEAR,
    /// as u8 [3, 24, 24]:
    ///
    ///     y, x = numpy.mgrid[0:h, 0:w]
    ///     numpy.stack([(x*7 + y*13) % 256, (x*x + y) % 256, (x ^ y)*5 % 256], -1)
    @ParameterizedTest
    @CsvSource({
        "50, 37, STRETCH, 515a01fae778c9ece5e23514ca25e63970b69d7e54b211fc5aa06474b5972fa8",
        "50, 37, COVER, f9d0ffebb9313bbd4f20d2ab00f62aba4f8959c56e7cb3f14b5dcee66f198b4b",
        "50, 37, LETTERBOX, c0555f512a2262790b247c6693bccdd4219fe6250b551b14ff7004efa6d4f534",
        "37, 90, STRETCH, 36740c6b9fffaefcdd2d4e79dc8b7132152612cabf815dc6be656eb0b22a6a61",
        "37, 90, COVER, 3fb38fb177853ea59b107114c24280bba451807b5c00f53a0cce2786934528fa",
        "37, 90, LETTERBOX, c0a26adaa81303d50c2a9e31ff9473edbd8ce5dcf106c064a9a252a1e47d7f57",
        "24, 24, LETTERBOX, 07286f09a0f4e9539bb9002fb9d0a06355fb0c6c01f6d65d453a50b9b35497b2",
        "200, 3, STRETCH, be49ea696b11cd54deac20f12c02f02e5f5c1a2f7d6bca87a37cebe1918e80ba",
        "200, 3, COVER, d8b141bbad707cf0b7de742be682e719736c58b12cccd9227839fa0d16724030",
        "200, 5, LETTERBOX, 1ffc71b383e8ad1b270e9ffd0400e4b62aa06e3a21543691e71e8c3d593b2680"
    })
    void everyFitEqualsPillows(int width, int height, Fit fit, String sha256) {
        assertThat(Sha256.hex(SquareFit.of(image(width, height), 24, fit))).isEqualTo(sha256);
    }

    @Test
    void aLetterboxHasAtLeastOneLineWherePillowHasNone() {
        byte[] square = SquareFit.of(image(200, 3), 24, Fit.LETTERBOX);
        assertThat(square[12 * 24 + 5]).isNotZero();
        assertThat(square[11 * 24 + 5]).isZero();
    }

    private static Raster image(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = 3 * (y * width + x);
                rgb[at] = (byte) (x * 7 + y * 13);
                rgb[at + 1] = (byte) (x * x + y);
                rgb[at + 2] = (byte) ((x ^ y) * 5);
            }
        }
        return new Raster(width, height, rgb);
    }
}
