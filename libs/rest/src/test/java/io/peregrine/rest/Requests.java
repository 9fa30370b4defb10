package io.peregrine.rest;

import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.UriBuilder;
import jakarta.ws.rs.core.UriInfo;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.util.List;
import java.util.Map;

/// What Jakarta REST knows of a request, for tests without a service.
public final class Requests {
    private Requests() {}

    /// @return a request for this URL
    public static UriInfo forUrl(String url) {
        URI uri = URI.create(url);
        return stub(UriInfo.class, (method, arguments) -> switch (method) {
            case "getRequestUri" -> uri;
            case "getRequestUriBuilder" -> UriBuilder.fromUri(uri);
            default -> throw new UnsupportedOperationException(method);
        });
    }

    /// @return a request without headers
    static HttpHeaders headers() {
        return headers(Map.of());
    }

    /// @param lines name and value of each header; a header with several lines has them separated by a newline
    static HttpHeaders headers(Map<String, String> lines) {
        return stub(HttpHeaders.class, (method, arguments) -> {
            String value = lines.get(arguments[0]);
            return switch (method) {
                case "getRequestHeader" -> value == null ? List.of() : List.of(value.split("\n"));
                case "getHeaderString" -> value == null ? null : value.replace('\n', ',');
                default -> throw new UnsupportedOperationException(method);
            };
        });
    }

    /// @return a request with this HTTP method
    static Request of(String httpMethod) {
        return stub(Request.class, (method, arguments) -> httpMethod);
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
