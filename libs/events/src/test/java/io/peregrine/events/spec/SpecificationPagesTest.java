package io.peregrine.events.spec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The documents describe a specification's fields as the code defines them.
class SpecificationPagesTest {
    private static final Path DOCS = Path.of("../../docs");
    private static final Path WRITTEN = Path.of("target/docs");

    @ParameterizedTest
    @ValueSource(strings = {"specification.md", "training.md"})
    void theTablesOfAPageAreThoseOfTheCode(String page) throws IOException {
        String committed = Files.readString(DOCS.resolve(page));
        Files.createDirectories(WRITTEN);
        String written = SpecificationPages.write(committed);
        Files.writeString(WRITTEN.resolve(page), written);

        assertThat(committed).contains("<!-- written by SpecificationPagesTest: ");
        assertThat(committed)
                .as("a field was changed: copy libs/events/%s to docs/%s", WRITTEN.resolve(page), page)
                .isEqualTo(written);
    }

    /// `balancing.md` says when to use which value, and its table is written by hand.
    @Test
    void balancingChoosesAmongTheFieldsOfBalance() throws IOException {
        assertThat(Pattern.compile("(?m)^\\| `([a-zA-Z]+)` \\| [^|]*\\| [^|]*\\|$")
                        .matcher(Files.readString(DOCS.resolve("balancing.md"))
                                .replaceAll("(?s).*\\| choice", "| choice"))
                        .results()
                        .map((MatchResult row) -> row.group(1)))
                .isNotEmpty()
                .isSubsetOf(SpecFields.namesIn(SpecFields.BALANCE));
    }
}
