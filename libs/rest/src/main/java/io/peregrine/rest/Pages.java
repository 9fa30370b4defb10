package io.peregrine.rest;

import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.net.URI;

/// Pagination, common to all lists.
public final class Pages {
    private static final int DEFAULT = 100;
    private static final int MAX = 1_000;

    private Pages() {}

    /// @param asked value of the query parameter, or null
    /// @return items per page: 100 by default, at most 1000
    public static int limit(String asked) {
        return limit(asked, DEFAULT, MAX);
    }

    /// @param cursor id of the previous page's last item, or null for the first page
    /// @return the exclusive upper bound of the page's ids
    public static long idBefore(String cursor) {
        if (cursor == null || cursor.isEmpty()) {
            return Long.MAX_VALUE;
        }
        try {
            return Long.parseLong(cursor);
        } catch (NumberFormatException e) {
            throw Problem.of(GeneralProblem.BAD_CURSOR, "The cursor '%s' is not valid.".formatted(cursor));
        }
    }

    /// @param asked value of the query parameter, or null
    /// @param defaultLimit items per page if the parameter is missing
    /// @return items per page
    public static int limit(String asked, int defaultLimit, int most) {
        if (asked == null || asked.isEmpty()) {
            return defaultLimit;
        }
        try {
            int limit = Integer.parseInt(asked);
            if (limit >= 1 && limit <= most) {
                return limit;
            }
        } catch (NumberFormatException noNumber) {
            // Rejected below.
        }
        throw Problem.of(GeneralProblem.BAD_LIMIT, "limit is '%s'; it must be from 1 to %d.".formatted(asked, most));
    }

    /// @param cursor cursor of the next page; null on the last page
    /// @return the response with `Link: rel="next"` if there is a next page
    public static Response.ResponseBuilder linked(Response.ResponseBuilder answer, String cursor, UriInfo uri) {
        if (cursor == null) {
            return answer;
        }
        URI next =
                uri.getRequestUriBuilder().replaceQueryParam("cursor", cursor).build();
        return answer.header("Link", "<%s?%s>; rel=\"next\"".formatted(next.getRawPath(), next.getRawQuery()));
    }
}
