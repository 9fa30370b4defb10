package io.peregrine.cluster.rest;

import io.peregrine.cluster.ClusterConfig;
import io.peregrine.cluster.postgres.Cursor;
import io.peregrine.cluster.postgres.Page;
import io.peregrine.rest.GeneralProblem;
import io.peregrine.rest.HttpCaching;
import io.peregrine.rest.Pages;
import io.peregrine.rest.Problem;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.util.function.Supplier;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/// Limits, links to next pages, and responses that no longer change.
@ApplicationScoped
class Paging {
    private final ClusterConfig config;

    Paging(ClusterConfig config) {
        this.config = config;
    }

    /// @param limit requested limit, or null
    int limit(String limit) {
        return limit(limit, config.defaultPageSize());
    }

    /// @return the maximum number of items of a page
    int maxLimit() {
        return config.maxPageSize();
    }

    /// @param defaultLimit limit if the request has none
    int limit(String limit, int defaultLimit) {
        return Pages.limit(limit, defaultLimit, config.maxPageSize());
    }

    @ServerExceptionMapper
    Response refused(Cursor.InvalidCursorException cursor, UriInfo uri) {
        return Problem.of(GeneralProblem.BAD_CURSOR, cursor.getMessage() + ".").answer(uri);
    }

    /// @return the page, with `Link: rel="next"` if there is another
    static Response answer(Page<?> page, UriInfo uri) {
        return Pages.linked(Response.ok(page), page.nextCursor(), uri).build();
    }

    /// Responds with an entity that no longer changes; with 304 if the caller already has it.
    static Response settled(String tag, Request request, Supplier<?> entity, UriInfo uri) {
        return HttpCaching.STABLE.answer(tag, request, () -> {
            Object found = entity.get();
            Response.ResponseBuilder response = Response.ok(found);
            return found instanceof Page<?> page ? Pages.linked(response, page.nextCursor(), uri) : response;
        });
    }
}
