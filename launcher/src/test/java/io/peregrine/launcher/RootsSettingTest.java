package io.peregrine.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RootsSettingTest {
    private static final List<String> ODD =
            List.of("/x/co:lon", "/x/a,b", "/x/dätä 日本", "/x/${home}", "/x/a\\$b", "/x/quo\"te", "/x/line\nbreak");

    @Test
    void oddNamesAreReadBackAsTheyWere() throws Exception {
        String value = RootsSetting.of(ODD.stream().map(Path::of).toList());
        assertThat(new ObjectMapper().readValue(value, String[].class)).containsExactlyElementsOf(ODD);
    }

    @Test
    void theValueIsAsciiWithoutExpressions() {
        String value = RootsSetting.of(ODD.stream().map(Path::of).toList());
        assertThat(value).isPrintable().isASCII().doesNotContain("$");
    }

    @Test
    void withoutRootsTheListIsEmpty() {
        assertThat(RootsSetting.of(Stream.<Path>empty().toList())).isEqualTo("[]");
    }
}
