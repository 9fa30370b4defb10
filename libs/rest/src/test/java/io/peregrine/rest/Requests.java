package io.peregrine.rest;

import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriBuilder;
import jakarta.ws.rs.core.UriInfo;
import java.lang.reflect.Proxy;
import java.net.URI;

/// What Jakarta REST knows of a request, for tests without a service.
final class Requests {
    private Requests() {}

    /// @return a request for this URL
    static UriInfo forUrl(String url) {
        URI uri = URI.create(url);
        return stub(UriInfo.class, (method, arguments) -> switch (method) {
            case "getRequestUri" -> uri;
            case "getRequestUriBuilder" -> UriBuilder.fromUri(uri);
            default -> throw new UnsupportedOperationException(method);
        });
    }

    /// @param known ETag of the content that the client has already; null if it has none
    static Request ofClientThatHas(String known) {
        return stub(Request.class, (method, arguments) -> {
            if (method.equals("evaluatePreconditions") && arguments[0] instanceof EntityTag asked) {
                return asked.getValue().equals(known) ? Response.notModified() : null;
            }
            throw new UnsupportedOperationException(method);
        });
    }

    @FunctionalInterface
    private interface Call {
        Object answer(String method, Object[] arguments);
    }

    private static <T> T stub(Class<T> type, Call call) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> call.answer(method.getName(), arguments)));
    }
}
