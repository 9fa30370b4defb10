package io.peregrine.cluster.rest;

import io.peregrine.cluster.ClusterConfig;
import io.peregrine.rest.HttpCaching;
import io.peregrine.rest.Page;
import io.peregrine.rest.PageRequest;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.util.function.Supplier;

/// The configured limits of pages, and responses that no longer change.
@ApplicationScoped
class Paging {
    private final ClusterConfig config;

    Paging(ClusterConfig config) {
        this.config = config;
    }

    /// @return the requested or default number of items
    int limit(PageRequest page) {
        return page.limit(config.defaultPageSize(), config.maxPageSize());
    }

    /// @return the requested or the maximum number of items
    int longLimit(PageRequest page) {
        return page.limit(config.maxPageSize(), config.maxPageSize());
    }

    /// @return the requested number of items, or 0 for all
    int unlimited(PageRequest page) {
        return page.limit(0, config.maxPageSize());
    }

    /// Responds with an entity that no longer changes; with 304 if the caller already has it.
    static Response settled(String tag, HttpHeaders headers, Supplier<?> entity, UriInfo uri) {
        return HttpCaching.STABLE.answer(tag, headers, () -> answer(entity.get(), uri));
    }

    private static Response.ResponseBuilder answer(Object entity, UriInfo uri) {
        return entity instanceof Page<?> page ? page.answer(uri) : Response.ok(entity);
    }
}
