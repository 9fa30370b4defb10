package io.peregrine.rest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.peregrine.rest.Problem.ProblemException;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.net.URLDecoder;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class PagesTest {
    private static final String RUNS = "http://localhost:8084/api/v1/runs";

    @ParameterizedTest
    @NullAndEmptySource
    void aPageHas100ItemsByDefault(String missing) {
        assertThat(Pages.limit(missing)).isEqualTo(100);
        assertThat(Pages.limit(missing, 7, 40)).isEqualTo(7);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "1000, 1000"})
    void aLimitWithinTheRangeIsUsed(String asked, int limit) {
        assertThat(Pages.limit(asked)).isEqualTo(limit);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "1001", "99999999999", "ten", "1.5", " 5", "0x10"})
    void aLimitOutsideTheRangeIsABadRequestThatNamesTheRange(String asked) {
        assertThatThrownBy(() -> Pages.limit(asked))
                .hasMessageContaining("'" + asked + "'")
                .hasMessageContaining("from 1 to 1000")
                .asInstanceOf(type(ProblemException.class))
                .extracting(problem -> kind(problem))
                .isEqualTo("400 /api/v1/problems/bad-limit");
    }

    @Test
    void aListMayHaveARangeOfItsOwn() {
        assertThat(Pages.limit("40", 7, 40)).isEqualTo(40);
        assertThatThrownBy(() -> Pages.limit("41", 7, 40)).hasMessageContaining("from 1 to 40");
    }

    @ParameterizedTest
    @NullAndEmptySource
    void theFirstPageStartsAtTheHighestId(String missing) {
        assertThat(Pages.idBefore(missing)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aCursorIsTheLastIdOfThePreviousPage() {
        assertThat(Pages.idBefore("17")).isEqualTo(17);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "1 or 1=1", "9223372036854775808", "1.0"})
    void anInvalidCursorIsABadRequest(String cursor) {
        assertThatThrownBy(() -> Pages.idBefore(cursor))
                .hasMessageContaining("'" + cursor + "'")
                .asInstanceOf(type(ProblemException.class))
                .extracting(problem -> kind(problem))
                .isEqualTo("400 /api/v1/problems/bad-cursor");
    }

    @Test
    void theLastPageHasNoLink() {
        Response last = Pages.linked(Response.ok(), null, Requests.forUrl(RUNS)).build();
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
                Pages.linked(Response.ok(), cursor, Requests.forUrl(url)).build();
        Matcher link = Pattern.compile("<([^>]*)>; rel=\"next\"").matcher(page.getHeaderString("Link"));
        assertThat(link.matches()).as(page.getHeaderString("Link")).isTrue();
        return URI.create(link.group(1));
    }

    private static String kind(ProblemException problem) {
        Problem answered = (Problem) problem.answer(Requests.forUrl(RUNS)).getEntity();
        return answered.status() + " " + answered.type();
    }
}
