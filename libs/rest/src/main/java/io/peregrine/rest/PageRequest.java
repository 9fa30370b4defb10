package io.peregrine.rest;

import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
import jakarta.ws.rs.QueryParam;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;

/// Query parameters of an operation that answers with a [Page].
public class PageRequest {
    static final String CURSOR = "'nextCursor' of the previous page; omitted for the first page";

    private static final int DEFAULT = 100;
    private static final int MAX = 1_000;

    @Parameter(
            description = "Items per page, 1 to 1000",
            schema = @Schema(type = SchemaType.INTEGER, minimum = "1", maximum = "1000"))
    @QueryParam("limit")
    String limit;

    @Parameter(description = CURSOR)
    @QueryParam("cursor")
    String cursor;

    /// @return items per page: 100 by default, at most 1000
    /// @throws Problem.ProblemException `BAD_LIMIT`
    public int limit() {
        return limit(DEFAULT, MAX);
    }

    /// @param defaultLimit items per page if the request has no limit
    /// @param most maximum limit
    /// @return items per page
    /// @throws Problem.ProblemException `BAD_LIMIT`
    public int limit(int defaultLimit, int most) {
        return limit(limit, defaultLimit, most);
    }

    /// @return the end of the previous page; null for the first page
    /// @throws Problem.ProblemException `BAD_CURSOR`
    public Cursor after() {
        return Cursor.parse(cursor);
    }

    /// @param asked value of a parameter `limit`, or null
    /// @param defaultLimit limit if the parameter is missing
    /// @param most maximum limit
    /// @return the limit
    /// @throws Problem.ProblemException `BAD_LIMIT`
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
}
