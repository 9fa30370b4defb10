package io.peregrine.rest.access;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
import io.peregrine.rest.problem.ProblemKind;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.ForbiddenException;
import io.quarkus.security.UnauthorizedException;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.vertx.http.ManagementInterface;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.quarkus.vertx.http.runtime.security.QuarkusHttpUser;
import io.vertx.core.MultiMap;
import io.vertx.core.VertxException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Checks every request on every port before all other handlers, whether or not the URL exists. Loopback alone is
/// not a protection: the user's browser sends requests on behalf of any web page.
@Singleton
class RequestGuard {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> JSON_TYPES = List.of("application/json", "application/cloudevents+json");

    /// Pages of the service may set a less strict Content-Security-Policy.
    static final Map<String, String> HEADERS = Map.of(
            "X-Content-Type-Options", "nosniff",
            "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'",
            "X-Frame-Options", "DENY",
            "Referrer-Policy", "no-referrer",
            "Cross-Origin-Resource-Policy", "same-origin",
            "Cross-Origin-Opener-Policy", "same-origin");

    private record Refusal(ProblemKind kind, String what) {}

    private final Access access;
    private Router management;

    RequestGuard(Access access) {
        this.access = access;
    }

    void first(@Observes Filters filters) {
        filters.register(this::guard, Integer.MAX_VALUE);
    }

    void failures(@Observes Router router) {
        router.route().order(Integer.MIN_VALUE + 1).failureHandler(RequestGuard::refused);
    }

    void management(@Observes ManagementInterface found) {
        management = found.router();
        management
                .route()
                .order(Integer.MIN_VALUE)
                .handler(this::guardManagement)
                .failureHandler(RequestGuard::refused);
    }

    private void guard(RoutingContext context) {
        HttpServerRequest request = context.request();
        HEADERS.forEach(context.response()::putHeader);
        Optional<Refusal> refusal =
                host(request, false).or(() -> foreign(request)).or(() -> body(request));
        if (refusal.isPresent()) {
            answer(context, refusal.get().kind(), refusal.get().what());
        } else if (access.isLoopback() && isOfManagement(request)) {
            // If only this machine reaches the service, a separate port for these would protect nothing.
            request.resume();
            management.handle(request);
        } else {
            context.next();
        }
    }

    private void guardManagement(RoutingContext context) {
        HttpServerRequest request = context.request();
        HEADERS.forEach(context.response()::putHeader);
        Optional<Refusal> refusal = host(request, true).or(() -> page(request));
        if (refusal.isPresent()) {
            // The framework allows every page to read this port.
            context.response().headers().remove("Access-Control-Allow-Origin");
            answer(context, refusal.get().kind(), refusal.get().what());
        } else {
            context.next();
        }
    }

    private static boolean isOfManagement(HttpServerRequest request) {
        String path = String.valueOf(request.path());
        return path.equals("/q/metrics") || path.equals("/q/health") || path.startsWith("/q/health/");
    }

    /// @param addresses whether every IP address is also allowed: probes and Prometheus use no names, and DNS
    ///     rebinding cannot forge an address
    private Optional<Refusal> host(HttpServerRequest request, boolean addresses) {
        List<String> asked = authorities(request);
        if (asked.isEmpty()) {
            return Optional.of(new Refusal(GeneralProblem.BAD_HOST, "The request has no host."));
        }
        if (request.headers().getAll("Host").size() > 1) {
            return Optional.of(new Refusal(GeneralProblem.BAD_HOST, "The request has more than one Host header."));
        }
        for (String text : asked) {
            Optional<Authority> host = Authority.parse(text);
            if (host.isEmpty()) {
                return Optional.of(
                        new Refusal(GeneralProblem.BAD_HOST, "'%s' is not a host.".formatted(printable(text))));
            }
            if (!access.hosts().contains(host.get())
                    && !(addresses && host.get().isAddress())) {
                return Optional.of(new Refusal(
                        GeneralProblem.HOST_NOT_ALLOWED,
                        "The host '%s' is not allowed; allowed hosts are %s.".formatted(host.get(), access.hosts())));
            }
        }
        return asked.stream().map(Authority::parse).distinct().count() > 1
                ? Optional.of(new Refusal(GeneralProblem.BAD_HOST, "The request has more than one host."))
                : Optional.empty();
    }

    /// @return every host of the request: from its headers, and from its target if that is a complete URL
    private static List<String> authorities(HttpServerRequest request) {
        List<String> hosts = new ArrayList<>(request.headers().getAll("Host"));
        if (request.version() == HttpVersion.HTTP_2 && request.authority() != null) {
            hosts.add(request.authority().toString());
        }
        String target = request.uri();
        if (!hosts.isEmpty() && !target.startsWith("/") && target.contains("://")) {
            hosts.add(Authority.ofAddress(target).map(Authority::toString).orElse(target));
        }
        return hosts;
    }

    /// Rejects cross-site requests that change data (CSRF). A page of another site can make a browser send a
    /// form. It never sees the response, but the request takes effect. Every browser since 2020 reveals this in
    /// `Origin` or `Sec-Fetch-Site`, older ones in `Referer`. A client that sends none of these headers is not a
    /// browser.
    private static Optional<Refusal> foreign(HttpServerRequest request) {
        if (Role.isSafe(request.method().name())) {
            return Optional.empty();
        }
        String site = request.getHeader("Sec-Fetch-Site");
        if (site != null && !site.equals("same-origin") && !site.equals("none")) {
            return Optional.of(crossSite("Sec-Fetch-Site", site));
        }
        Authority asked = Authority.parse(authorities(request).getFirst()).orElseThrow();
        MultiMap headers = request.headers();
        for (String name : List.of("Origin", "Referer")) {
            for (String page : headers.getAll(name)) {
                if (!asked.isOriginOf(page)) {
                    return Optional.of(crossSite(name, page));
                }
            }
        }
        return Optional.empty();
    }

    /// Health and metrics are for programs; no web page needs them.
    private static Optional<Refusal> page(HttpServerRequest request) {
        String origin = request.getHeader("Origin");
        return origin == null ? Optional.empty() : Optional.of(crossSite("Origin", origin));
    }

    private static Refusal crossSite(String header, String value) {
        return new Refusal(
                GeneralProblem.CROSS_SITE_REQUEST,
                "The request's header %s is '%s', which is not this service.".formatted(header, printable(value)));
    }

    /// A browser cannot send a form as one of these types without a preflight request. A CloudEvent in structured
    /// mode is JSON too; operations that take no events refuse it later.
    private static Optional<Refusal> body(HttpServerRequest request) {
        if (Role.isSafe(request.method().name()) || !hasBody(request)) {
            return Optional.empty();
        }
        String type = request.headers().getAll("Content-Type").stream()
                .reduce((one, other) -> one + ", " + other)
                .orElse("none");
        String essence = type.replaceFirst(";.*", "").strip().toLowerCase(Locale.ROOT);
        return JSON_TYPES.contains(essence)
                ? Optional.empty()
                : Optional.of(new Refusal(
                        GeneralProblem.MEDIA_TYPE_UNKNOWN,
                        "The body's Content-Type is %s; it must be application/json, or application/cloudevents+json where the operation accepts CloudEvents."
                                .formatted(printable(type))));
    }

    private static boolean hasBody(HttpServerRequest request) {
        String length = request.getHeader("Content-Length");
        return length != null ? !length.strip().equals("0") : request.headers().contains("Transfer-Encoding");
    }

    /// Handles failures of authentication and authorization.
    private static void refused(RoutingContext context) {
        if (context.response().headWritten()) {
            context.next();
            return;
        }
        HEADERS.forEach(context.response()::putHeader);
        if (context.failure() instanceof VertxException && context.statusCode() == 400) {
            // The router itself checks for a host before any route.
            answer(context, GeneralProblem.BAD_HOST, "The Host header is missing or is not a host.");
        } else if (context.failure() instanceof ForbiddenException) {
            String who =
                    context.user() instanceof QuarkusHttpUser user ? name(user.getSecurityIdentity()) : "The caller";
            String needed = Role.required(
                            context.request().method().name(), context.request().path())
                    .word();
            answer(context, GeneralProblem.ROLE_REQUIRED, "%s; the role '%s' is required.".formatted(who, needed));
        } else if (context.failure() instanceof AuthenticationFailedException
                || context.failure() instanceof UnauthorizedException) {
            unknownCaller(context);
        } else {
            context.next();
        }
    }

    private static String name(SecurityIdentity identity) {
        return "'%s' has the roles %s".formatted(identity.getPrincipal().getName(), identity.getRoles());
    }

    /// Requests credentials: they are missing or unknown.
    static void unknownCaller(RoutingContext context) {
        context.response().putHeader("WWW-Authenticate", "Bearer realm=\"peregrine\"");
        boolean none = context.request().getHeader("Authorization") == null;
        answer(
                context,
                GeneralProblem.KEY_REQUIRED,
                none ? "The request has no key." : "The request's key or token is unknown or has expired.");
    }

    private static void answer(RoutingContext context, ProblemKind kind, String what) {
        HttpServerRequest request = context.request();
        HttpServerResponse response = context.response()
                .setStatusCode(kind.status())
                .putHeader("Content-Type", Problem.MEDIA_TYPE)
                .putHeader("Cache-Control", "no-store");
        if (hasBody(request) && request.version() != HttpVersion.HTTP_2) {
            // The body is not read and would block the connection.
            response.putHeader("Connection", "close");
        }
        request.resume();
        if (request.method().equals(HttpMethod.HEAD)) {
            response.end();
            return;
        }
        Problem problem = new Problem(
                kind.type(), kind.title(), kind.status(), what + " " + kind.remedy(), request.path(), List.of());
        response.end(Buffer.buffer(json(problem)));
    }

    static byte[] json(Problem problem) {
        try {
            return JSON.writeValueAsBytes(problem);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String printable(String text) {
        String truncated = text.length() > 100 ? text.substring(0, 100) + "…" : text;
        return truncated.replaceAll("[^ -~…]", "?");
    }
}
