package io.peregrine.ingest.dataset;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.FailureException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// An invalid metadata file is reported with the line that an editor shows, in words of this service.
class MetadataLinesTest extends WithDatasetFolder {
    @ParameterizedTest
    @CsvSource({
        "metadata.csv, 1000, 900, 902",
        "metadata.jsonl, 1000, 900, 901",
        "metadata.csv, 8, 0, 2",
        "metadata.jsonl, 8, 0, 1",
        "metadata.csv, 8, 7, 9",
        "metadata.jsonl, 100000, 99998, 99999"
    })
    void aByteThatIsNotUtf8IsReportedWithItsLine(String file, int rows, int bad, int line) throws Exception {
        assertNotUtf8(file, rows, bad, line, "\n");
    }

    @ParameterizedTest
    @CsvSource({"metadata.csv, 902", "metadata.jsonl, 901"})
    void linesThatEndAsOnWindowsAreCountedOnce(String file, int line) throws Exception {
        assertNotUtf8(file, 1000, 900, line, "\r\n");
    }

    private void assertNotUtf8(String file, int rows, int bad, int line, String end) throws Exception {
        images("img", 1);
        boolean csv = file.endsWith(".csv");
        String format = csv ? "img/%d.jpg,%s" : "{\"file_name\":\"img/%d.jpg\",\"label\":\"%s\"}";
        String text = IntStream.range(0, rows)
                .mapToObj(i -> format.formatted(i, i == bad ? "caf\u00e9" : "cat") + end)
                .collect(Collectors.joining("", csv ? "file_name,label" + end : "", ""));
        folder.bytes(file, text.getBytes(ISO_8859_1));
        assertThat(failure())
                .hasMessage("line %d of %s cannot be read: it is not UTF-8 (byte E9); save the whole file as UTF-8"
                        .formatted(line, file))
                .extracting(FailureException::code)
                .isEqualTo("METADATA_BROKEN_LINE");
    }

    @Test
    void aCharacterThatEndsWithTheFileIsReported() throws Exception {
        folder.bytes("metadata.csv", "file_name,label\n1.jpg,caf\u00c3".getBytes(ISO_8859_1));
        assertThat(failure()).hasMessageContaining("line 2 of metadata.csv");
    }

    @Test
    void linesInsideQuotesAndBlankLinesAreCounted() throws Exception {
        images(".", 1);
        StringBuilder text = new StringBuilder("file_name,label,note\n\n");
        for (int i = 0; i < 300; i++) {
            text.append("%d.jpg,cat,\"two\nlines\"\n".formatted(i));
        }
        text("metadata.csv", text + "x.jpg,cat\n");
        assertThat(failure()).hasMessageContaining("line 603 of metadata.csv");
        text("metadata.csv", text + "x.jpg,cat,note,more\n");
        assertThat(failure()).hasMessageContaining("line 603 of metadata.csv");
        text("metadata.csv", text + "x.jpg,a/b,note\n");
        assertThat(failure()).hasMessageContaining("line 603 of metadata.csv");
        text("metadata.csv", text + "x.jpg,cat,\"note\ny.jpg,cat,note\n");
        assertThat(failure())
                .hasMessageContaining("line 603 of metadata.csv")
                .hasMessageContaining("a quote in it is never closed");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[{\"file_name\": \"0.jpg\", \"label\": \"a\"}]",
                "[",
                "{",
                "{\"file_name\": \"0.jpg\", \"label\": NaN}",
                "{\"file_name\": \"0.jpg\", \"label\": \"a\", \"x\": -Infinity}",
                "{\"file_name\": \"0.jpg\", \"label\": \"a\", \"label\": \"b\"}",
                "{'file_name': '0.jpg'}",
                "{\"file_name\": \"0.jpg\", \"label\": \"a\tb\"}",
                "file_name,label"
            })
    void invalidJsonIsReportedWithoutTheParsersOwnWords(String line) throws Exception {
        images(".", 1);
        text("metadata.jsonl", line + "\n");
        assertThat(failure().code()).isEqualTo("METADATA_BROKEN_LINE");
        assertOwnWords(failure().getMessage());
        assertThat(failure()).hasMessageContaining("line 1 of metadata.jsonl");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "file_name,label\n0.jpg\n",
                "file_name,label\n0.jpg,a,b\n",
                "file_name,label\n0.jpg,\"a\n",
                "file_name,label\n\"0.jpg\"x,a\n",
                "file_name,label,label\n0.jpg,a,b\n"
            })
    void invalidCsvIsReportedWithoutTheParsersOwnWords(String text) throws Exception {
        images(".", 1);
        text("metadata.csv", text);
        assertThat(failure().code()).isEqualTo("METADATA_BROKEN_LINE");
        assertOwnWords(failure().getMessage());
    }

    private static void assertOwnWords(String message) {
        assertThat(message)
                .doesNotContain(
                        "Source", "Feature", "REDACTED", "JsonToken", "code 9", "Unexpected", "jackson", "Stream");
    }

    @Test
    void anArrayIsReportedWithTheFormatThatIsRead() throws Exception {
        text("metadata.jsonl", "[\n{\"file_name\": \"0.jpg\"}\n]\n");
        assertThat(failure()).hasMessageContaining("write one object in each line, without brackets");
    }
}
