package io.peregrine.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.net.URI;
import java.util.List;
import java.util.function.Function;

/// Part of a list.
///
/// @param nextCursor for the next page; null on the last one
@JsonInclude(JsonInclude.Include.ALWAYS)
public record Page<T>(List<T> items, String nextCursor) {
    /// @param rows one more than the page holds, if there are more
    /// @param limit most items of the page
    /// @param after the cursor behind an item
    public static <T> Page<T> of(List<T> rows, int limit, Function<T, Cursor> after) {
        boolean more = rows.size() > limit;
        List<T> items = more ? List.copyOf(rows.subList(0, limit)) : List.copyOf(rows);
        return new Page<>(items, more ? after.apply(items.getLast()).text() : null);
    }

    /// @return the page with other items at the same places
    public <R> Page<R> map(Function<T, R> function) {
        return new Page<>(items.stream().map(function).toList(), nextCursor);
    }

    /// @return the response with this page
    public Response.ResponseBuilder answer(UriInfo uri) {
        return linked(Response.ok(this), uri);
    }

    /// @return the response, with `Link: rel="next"` if there is a next page
    public Response.ResponseBuilder linked(Response.ResponseBuilder answer, UriInfo uri) {
        if (nextCursor == null) {
            return answer;
        }
        URI next = uri.getRequestUriBuilder()
                .replaceQueryParam("cursor", nextCursor)
                .build();
        return answer.header("Link", "<%s?%s>; rel=\"next\"".formatted(next.getRawPath(), next.getRawQuery()));
    }
}
