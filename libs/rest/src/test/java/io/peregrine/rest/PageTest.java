package io.peregrine.rest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.peregrine.rest.problem.Problem;
import io.peregrine.rest.problem.Problem.ProblemException;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.net.URLDecoder;
import java.time.Instant;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class PageTest {
    private static final String RUNS = "http://localhost:8084/api/v1/runs";

    @ParameterizedTest
    @NullAndEmptySource
    void aPageHas100ItemsByDefault(String missing) {
        assertThat(request(missing, null).limit()).isEqualTo(100);
        assertThat(request(missing, null).limit(7, 40)).isEqualTo(7);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "1000, 1000"})
    void aLimitWithinTheRangeIsUsed(String asked, int limit) {
        assertThat(request(asked, null).limit()).isEqualTo(limit);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "1001", "99999999999", "ten", "1.5", " 5", "0x10"})
    void aLimitOutsideTheRangeIsABadRequestThatNamesTheRange(String asked) {
        assertThatThrownBy(() -> request(asked, null).limit())
                .hasMessageContaining("'" + asked + "'")
                .hasMessageContaining("from 1 to 1000")
                .asInstanceOf(type(ProblemException.class))
                .extracting(problem -> kind(problem))
                .isEqualTo("400 /api/v1/problems/bad-limit");
    }

    @Test
    void aListMayHaveARangeOfItsOwn() {
        assertThat(PageRequest.limit("40", 7, 40)).isEqualTo(40);
        assertThatThrownBy(() -> PageRequest.limit("41", 7, 40)).hasMessageContaining("from 1 to 40");
    }

    @ParameterizedTest
    @NullAndEmptySource
    void theFirstPageHasNoCursor(String missing) {
        assertThat(request(null, missing).after()).isNull();
    }

    @Test
    void aCursorIsTheSortKeyOfThePreviousPagesLastItem() {
        Instant time = Instant.parse("2026-11-29T12:00:00.123456Z");
        Cursor cursor = Cursor.parse(Cursor.after(time, 17, 0.1, "a\u00e9/?&").text());

        assertThat(cursor.time(0)).isEqualTo(time);
        assertThat(cursor.number(1)).isEqualTo(17);
        assertThat(cursor.real(2)).isEqualTo(0.1);
        assertThat(cursor.part(3)).isEqualTo("a\u00e9/?&");
    }

    @ParameterizedTest
    @ValueSource(strings = {"***", "eA", "MSBvciAxPTE", "OTIyMzM3MjAzNjg1NDc3NTgwOA", "MS4w", "A", "17"})
    void anInvalidCursorIsABadRequest(String cursor) {
        // x, 1 or 1=1, 9223372036854775808 and 1.0 in Base64, and what is not Base64 or no text.
        assertThatThrownBy(() -> request(null, cursor).after().number(0))
                .hasMessageContaining("'" + cursor + "'")
                .asInstanceOf(type(ProblemException.class))
                .extracting(problem -> kind(problem))
                .isEqualTo("400 /api/v1/problems/bad-cursor");
    }

    @Test
    void aPageEndsWithTheCursorBehindItsLastItemIfThereAreMore() {
        Page<Integer> first = Page.of(List.of(3, 5, 8), 2, Cursor::after);
        assertThat(first.items()).containsExactly(3, 5);
        assertThat(Cursor.parse(first.nextCursor()).number(0)).isEqualTo(5);

        Page<String> last = Page.of(List.of(8), 2, Cursor::after).map(Object::toString);
        assertThat(last).isEqualTo(new Page<>(List.of("8"), null));
    }

    @Test
    void theLastPageHasNoLink() {
        Response last =
                new Page<>(List.of(), null).answer(Requests.forUrl(RUNS)).build();
        assertThat(last.getHeaders()).doesNotContainKey("Link");
    }

    @Test
    void aLinkKeepsTheFilterAndReplacesTheCursor() {
        URI next = next(RUNS + "?state=completed&cursor=old&limit=2", "new");

        assertThat(next.getRawPath()).isEqualTo("/api/v1/runs");
        assertThat(next.getRawQuery().split("&")).containsExactlyInAnyOrder("state=completed", "limit=2", "cursor=new");
    }

    @Test
    void aLinkKeepsTheEncodingOfTheFilter() {
        URI next = next(RUNS + "/7/images?label=O%27Keeffe%20%26%20%C3%A9t%C3%A9", "9");

        assertThat(next.getRawQuery())
                .contains("label=O%27Keeffe%20%26%20%C3%A9t%C3%A9&")
                .endsWith("cursor=9");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b", "a&limit=1", "a=b#c", "é/ü", "a+b", ">; rel=\"prev\""})
    void aCursorIsEncodedInTheLink(String cursor) {
        String query = next(RUNS, cursor).getRawQuery();

        assertThat(query).matches("cursor=[^=&<># ]+");
        assertThat(URLDecoder.decode(query, UTF_8)).isEqualTo("cursor=" + cursor);
    }

    /// @return the target of the header `Link` with `rel="next"`
    private static URI next(String url, String cursor) {
        Response page =
                new Page<>(List.of(), cursor).answer(Requests.forUrl(url)).build();
        Matcher link = Pattern.compile("<([^>]*)>; rel=\"next\"").matcher(page.getHeaderString("Link"));
        assertThat(link.matches()).as(page.getHeaderString("Link")).isTrue();
        return URI.create(link.group(1));
    }

    private static PageRequest request(String limit, String cursor) {
        PageRequest request = new PageRequest();
        request.limit = limit;
        request.cursor = cursor;
        return request;
    }

    private static String kind(ProblemException problem) {
        Problem answered = (Problem) problem.answer(Requests.forUrl(RUNS)).getEntity();
        return answered.status() + " " + answered.type();
    }
}
