package io.peregrine.rest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class EntityTagsTest {
    private static final String TAG = "0123456789abcdef-7";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*",
                " * ",
                "\"0123456789abcdef-7\"",
                // nginx weakens the tag of an answer that it compresses.
                "W/\"0123456789abcdef-7\"",
                // Apache and Jetty append the encoding, and pass it on with the next request.
                "\"0123456789abcdef-7-gzip\"",
                "W/\"0123456789abcdef-7--gzip\"",
                "\"0123456789abcdef-7-br\"",
                "\"other\", \"0123456789abcdef-7\"",
                "\"other\",W/\"0123456789abcdef-7\" ,\"third\"",
                ", ,\"0123456789abcdef-7\"",
                "\"a,b\", \"0123456789abcdef-7\"",
                "\"a\\\", \"0123456789abcdef-7\"",
                "\"\", \"0123456789abcdef-7\"",
                "\"\u00e9\",\t\"0123456789abcdef-7\""
            })
    void aClientThatHasTheContentIsKnown(String header) {
        assertThat(EntityTags.isKnown(List.of(header), TAG)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\"other\"",
                "0123456789abcdef-7",
                "\"0123456789ABCDEF-7\"",
                "w/\"0123456789abcdef-7\"",
                "W\"0123456789abcdef-7\"",
                "\"0123456789abcdef-70\"",
                "\"0123456789abcdef\"",
                "\"a, \"0123456789abcdef-7\"",
                "\"other, 0123456789abcdef-7\"",
                "\"0123456789abcdef-7",
                "\"other\" \"0123456789abcdef-7\"",
                "\"*\""
            })
    void anyOtherClientIsNot(String header) {
        assertThat(EntityTags.isKnown(List.of(header), TAG)).isFalse();
    }

    @Test
    void theHeaderMayHaveSeveralLines() {
        assertThat(EntityTags.isKnown(List.of("\"other\"", "\"" + TAG + "\""), TAG))
                .isTrue();
        assertThat(EntityTags.isKnown(List.of(), TAG)).isFalse();
    }

    @Test
    void ifMatchComparesStrongly() {
        assertThat(EntityTags.isExpected(List.of(), TAG, false)).isTrue();
        assertThat(EntityTags.isExpected(List.of("*"), TAG, true)).isTrue();
        assertThat(EntityTags.isExpected(List.of("\"other\", \"" + TAG + "\""), TAG, false))
                .isTrue();
        assertThat(EntityTags.isExpected(List.of("W/\"" + TAG + "\""), TAG, false))
                .isFalse();
        assertThat(EntityTags.isExpected(List.of("\"" + TAG + "\""), TAG, true)).isFalse();
        assertThat(EntityTags.isExpected(List.of("\"" + TAG + "-gzip\""), TAG, false))
                .isFalse();
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"\"0123456789abcdef-7\"", " \"0123456789abcdef-7\" "})
    void aRangeOfTheSameContentIsAllowed(String header) {
        assertThat(EntityTags.allowsRange(header, TAG)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "*",
                "\"other\"",
                "W/\"0123456789abcdef-7\"",
                "\"0123456789abcdef-7-gzip\"",
                "\"0123456789abcdef-7\", \"other\"",
                "Sun, 29 Nov 2026 12:00:00 GMT"
            })
    void aRangeOfOtherContentIsNot(String header) {
        assertThat(EntityTags.allowsRange(header, TAG)).isFalse();
    }
}
