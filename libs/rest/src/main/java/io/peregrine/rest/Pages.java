package io.peregrine.rest;

import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.net.URI;

/// What all lists that come in pages have in common.
public final class Pages {
    private static final int USUAL = 100;
    private static final int MOST = 1_000;

    private Pages() {}

    /// @param asked as it stands in the address, or null
    /// @return items of a page, 100 where none was asked for, at most 1000
    public static int limit(String asked) {
        return limit(asked, USUAL, MOST);
    }

    /// @param cursor the id of the page before's last item, or null for the first page
    /// @return the id that all items of the page are below
    public static long idBefore(String cursor) {
        if (cursor == null || cursor.isEmpty()) {
            return Long.MAX_VALUE;
        }
        try {
            return Long.parseLong(cursor);
        } catch (NumberFormatException e) {
            throw Problem.of(GeneralProblem.BAD_CURSOR, "The cursor is '%s'.".formatted(cursor));
        }
    }

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
