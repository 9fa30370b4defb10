package io.peregrine.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.events.ArtifactRef;
import io.peregrine.rest.Drawings.Drawn;
import io.peregrine.rest.problem.Problem;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpCachingTest {
    private static final String TAG = "0123456789abcdef0123456789abcdef";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "IMMUTABLE | private, max-age=31536000, immutable",
                "STABLE | private, max-age=60",
                "REVALIDATE | private, no-cache"
            })
    void aClientGetsContentThatItDoesNotHaveWithItsEtag(HttpCaching caching, String cacheControl) {
        for (HttpHeaders headers : List.of(Requests.headers(), knowing("\"another\""))) {
            Response answer = caching.answer(TAG, headers, () -> Response.ok("content"));

            assertThat(answer.getStatus()).isEqualTo(200);
            assertThat(answer.getEntity()).isEqualTo("content");
            assertThat(answer.getEntityTag()).isEqualTo(new EntityTag(TAG, true));
            assertThat(answer.getHeaderString("Cache-Control")).isEqualTo(cacheControl);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "IMMUTABLE | private, max-age=31536000, immutable",
                "STABLE | private, max-age=60",
                "REVALIDATE | private, no-cache"
            })
    void aClientThatHasTheContentGets304WithoutComputingIt(HttpCaching caching, String cacheControl) {
        Response answer = caching.answer(TAG, knowing("\"" + TAG + "\""), () -> {
            throw new AssertionError("computed");
        });

        assertThat(answer.getStatus()).isEqualTo(304);
        assertThat(answer.hasEntity()).isFalse();
        assertThat(answer.getEntityTag()).isEqualTo(new EntityTag(TAG, true));
        assertThat(answer.getHeaderString("Cache-Control")).isEqualTo(cacheControl);
    }

    @Test
    void anImageIsAnsweredWithItsMediaTypeAndItsDigest() {
        byte[] bytes = {1, 2, 3};
        Drawn drawn = new Drawn(bytes, HttpCaching.tag(bytes));

        Response first = HttpCaching.STABLE.answer(drawn, "image/png", Requests.headers());
        assertThat(first.getMediaType()).hasToString("image/png");
        assertThat(first.getEntity()).isEqualTo(bytes);
        assertThat(first.getEntityTag().getValue()).isEqualTo(HttpCaching.tag(bytes));

        String etag = first.getEntityTag().getValue();
        Response again = HttpCaching.STABLE.answer(drawn, "image/png", knowing("W/\"" + etag + "\""));
        assertThat(again.getStatus()).isEqualTo(304);
    }

    @Test
    void anEtagIsTheStartOfTheSha256OfTheBytes() {
        // echo -n abc | sha256sum
        assertThat(HttpCaching.tag("abc".getBytes())).isEqualTo("ba7816bf8f01cfea414140de5dae2223");
        assertThat(HttpCaching.tag("abd".getBytes())).isNotEqualTo(HttpCaching.tag("abc".getBytes()));
    }

    @Test
    void theEtagOfArtifactsDependsOnTheirContentAndTheirOrder() {
        ArtifactRef one = artifact("11", "here");
        ArtifactRef two = artifact("22", "here");

        assertThat(HttpCaching.tag(List.of(one, two)))
                .isEqualTo(HttpCaching.tag(List.of(artifact("11", "there"), two)))
                .isNotEqualTo(HttpCaching.tag(List.of(two, one)))
                .isNotEqualTo(HttpCaching.tag(List.of(one)));
    }

    @Test
    void aRequestForOtherContentIsRejected() {
        HttpHeaders headers = Requests.headers(Map.of("If-Match", "\"another\""));

        assertThatThrownBy(() -> HttpCaching.STABLE.answer(TAG, headers, () -> Response.ok("content")))
                .isInstanceOf(Problem.ProblemException.class)
                .hasMessageContaining("\"another\"")
                .hasMessageContaining("W/\"" + TAG);
    }

    private static HttpHeaders knowing(String tags) {
        return Requests.headers(Map.of("If-None-Match", tags));
    }

    private static ArtifactRef artifact(String digits, String place) {
        return new ArtifactRef("store:%s/%s.x".formatted(place, digits.repeat(32)), digits.repeat(32), 1);
    }
}
