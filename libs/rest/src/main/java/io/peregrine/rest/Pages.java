package io.peregrine.rest;

import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.net.URI;

/// What all lists that come in pages have in common.
public final class Pages {
    private Pages() {}

    /// @param asked as it stands in the address, or null
    /// @param otherwise where none was asked for
    /// @return items of a page
    public static int limit(String asked, int otherwise, int most) {
        if (asked == null || asked.isEmpty()) {
            return otherwise;
        }
        try {
            int limit = Integer.parseInt(asked);
            if (limit >= 1 && limit <= most) {
                return limit;
            }
        } catch (NumberFormatException noNumber) {
            // Refused below, with what is allowed.
        }
        throw Problem.of(GeneralProblem.BAD_LIMIT, "limit is '%s', allowed are 1 to %d.".formatted(asked, most));
    }

    /// @param cursor of the next page; null on the last one
    /// @return the answer with `Link: rel="next"` where there is more
    public static Response.ResponseBuilder linked(Response.ResponseBuilder answer, String cursor, UriInfo uri) {
        if (cursor == null) {
            return answer;
        }
        URI next =
                uri.getRequestUriBuilder().replaceQueryParam("cursor", cursor).build();
        return answer.header("Link", "<%s?%s>; rel=\"next\"".formatted(next.getRawPath(), next.getRawQuery()));
    }
}
