package io.peregrine.ingest.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.ingest.image.ImageRejectedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// `docs/contracts.md` must list the same reasons and formats as the code.
class RefusalsPageTest {
    @Test
    void theReasonsAndFormatsOfThePageEqualThoseOfTheCode() throws Exception {
        String images = Files.readString(Path.of("../docs/contracts.md")).split("## Images")[1];
        assertThat(firstCells(images, "\\| `([A-Z_]+)` \\|"))
                .containsExactly(Arrays.stream(ImageRejectedException.Reason.values())
                        .map(Enum::name)
                        .toArray(String[]::new));
        assertThat(firstCells(images, "\\| ([A-Z][A-Za-z]+) \\|"))
                .extracting(String::toUpperCase)
                .containsExactly(Arrays.stream(ImageHeader.Format.values())
                        .map(Enum::name)
                        .toArray(String[]::new));
    }

    private static String[] firstCells(String page, String row) {
        return Pattern.compile("^" + row, Pattern.MULTILINE)
                .matcher(page)
                .results()
                .map(found -> found.group(1))
                .toArray(String[]::new);
    }
}
