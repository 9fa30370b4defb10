package io.peregrine.charts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.Font;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LetteringTest {
    private static final Font FONT = Lettering.plain(12);

    @Test
    void longNameIsShortenedInItsMiddle() {
        String fitted = Lettering.fitted("Mannerism_Late_Renaissance", FONT, 120);
        assertThat(fitted).startsWith("Manner").contains("…").endsWith("ssance");
        assertThat(Lettering.width(fitted, FONT)).isLessThanOrEqualTo(120).isGreaterThan(100);
        assertThat(Lettering.fitted("Cubism", FONT, 120)).isEqualTo("Cubism");
        assertThat(Lettering.fitted("😀😀😀😀😀😀😀😀", FONT, 40))
                .doesNotContain("\ufffd")
                .contains("…");
        assertThat(Lettering.fitted("Cubism", FONT, 0)).isEqualTo("…");
    }

    /// In a container without fonts, AWT alone throws an exception.
    @Test
    void textCanBeMeasuredOnAMachineWithoutFonts(@TempDir Path folder) throws Exception {
        Path none = Files.writeString(folder.resolve("fonts.conf"), "<fontconfig/>");
        ProcessBuilder bare = new ProcessBuilder(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // The folder where AWT caches fonts between starts.
                "-Duser.home=" + folder,
                "-cp",
                System.getProperty("java.class.path"),
                Width.class.getName()));
        bare.environment().put("FONTCONFIG_FILE", none.toString());
        Process process = bare.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        assertThat(Double.parseDouble(output.strip())).isCloseTo(Lettering.width("Cubism", FONT), within(1e-9));
    }

    /// Prints the width of a word.
    static final class Width {
        private Width() {}

        public static void main(String[] none) {
            System.out.println(Lettering.width("Cubism", FONT));
        }
    }
}
