package io.peregrine.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.rest.ByteRange.UnsatisfiableRangeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteRangeTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bytes=0-0 | 0 | 0",
                "bytes=0-99 | 0 | 99",
                "bytes=0- | 0 | 99",
                "bytes=99- | 99 | 99",
                "bytes=10-19 | 10 | 19",
                "bytes=10-1000 | 10 | 99",
                "bytes=10-99999999999999999999999999 | 10 | 99",
                "bytes=-1 | 99 | 99",
                "bytes=-100 | 0 | 99",
                "bytes=-1000 | 0 | 99",
                "bytes=-99999999999999999999 | 0 | 99",
                "BYTES=5-6 | 5 | 6",
                "bytes = 5 - 6 | 5 | 6",
                "bytes=,5-6, | 5 | 6",
                "bytes=0000000000000000000000005-6 | 5 | 6"
            })
    void aRangeIsCutAtTheEndOfTheFile(String header, long first, long last) throws Exception {
        ByteRange range = ByteRange.parse(header, 100).orElseThrow();

        assertThat(range).isEqualTo(new ByteRange(first, last));
        assertThat(range.length()).isEqualTo(last - first + 1);
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(
            strings = {
                "bytes",
                "bytes=",
                "bytes=-",
                "bytes=6-5",
                "bytes=a-b",
                "bytes=1-2-3",
                "bytes=0x1-0x2",
                "bytes=+1-2",
                "bytes=1-2;3",
                "bytes=0-1,5-6",
                "bytes=-1,0-",
                "items=0-5",
                "5-6"
            })
    void anythingElseIsAnsweredWithTheWholeFile(String header) throws Exception {
        assertThat(ByteRange.parse(header, 100)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-"})
    void aRangeBehindTheFileCannotBeSatisfied(String header) {
        assertThatThrownBy(() -> ByteRange.parse(header, 100))
                .isInstanceOf(UnsatisfiableRangeException.class)
                .hasMessageContaining(header)
                .hasMessageContaining("100 bytes");
    }

    @Test
    void anEmptyFileHasNoRange() {
        for (String header : new String[] {"bytes=0-", "bytes=0-0", "bytes=-5"}) {
            assertThatThrownBy(() -> ByteRange.parse(header, 0)).isInstanceOf(UnsatisfiableRangeException.class);
        }
    }
}
