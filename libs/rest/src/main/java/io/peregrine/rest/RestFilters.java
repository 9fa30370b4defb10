package io.peregrine.rest;

import io.peregrine.events.CleanText;
import io.peregrine.events.NearestName;
import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.UriInfo;
import java.lang.reflect.Method;
import java.util.Set;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;

/// Rules that apply to every operation.
final class RestFilters {
    private static final int SHOWN_CHARACTERS = 100;

    private final Operations operations;

    RestFilters(Operations operations) {
        this.operations = operations;
    }

    /// Rejects query parameters that the operation does not declare: a misspelt filter would otherwise return
    /// everything.
    @ServerRequestFilter
    void rejectUnknownParameters(UriInfo uri, ResourceInfo resource) {
        Method operation = resource.getResourceMethod();
        if (operation == null) {
            return;
        }
        Set<String> known = operations.queryParameters(operation);
        for (String name : uri.getQueryParameters().keySet()) {
            if (!name.isEmpty() && !known.contains(name)) {
                throw Problem.of(GeneralProblem.PARAMETER_UNKNOWN, unknown(name, known));
            }
        }
    }

    private static String unknown(String name, Set<String> known) {
        String shown = CleanText.shortened(name, SHOWN_CHARACTERS);
        if (known.isEmpty()) {
            return "'%s' is not a query parameter of this operation, which has none.".formatted(shown);
        }
        String hint = NearestName.of(shown, known)
                .map("; did you mean '%s'?"::formatted)
                .orElse(".");
        return "'%s' is not a query parameter of this operation%s Allowed: %s."
                .formatted(shown, hint, String.join(", ", known));
    }

    /// Tells caches that JSON and drawings differ by encoding. The length of a compressed answer is not known.
    @ServerResponseFilter
    void varyByEncoding(ContainerResponseContext response) {
        MediaType type = response.getMediaType();
        boolean isCompressed = type != null
                && (type.getSubtype().equals("json")
                        || type.getSubtype().endsWith("+json")
                        || type.getSubtype().endsWith("+xml"));
        if (isCompressed || response.getStatus() == 304) {
            response.getHeaders().add(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING);
        }
    }
}
