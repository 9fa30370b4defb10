package io.peregrine.rest;

import io.peregrine.rest.access.ApiKeyMechanism;
import io.quarkus.vertx.http.runtime.CurrentVertxRequest;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.RequestScoped;
import jakarta.ws.rs.core.SecurityContext;
import java.security.Principal;

/// Identifies the caller of a request for audit entries and events. Never contains a secret.
@RequestScoped
public class Caller {
    private final SecurityContext security;
    private final CurrentVertxRequest request;

    Caller(SecurityContext security, CurrentVertxRequest request) {
        this.security = security;
        this.request = request;
    }

    /// @return `REST, ` and the principal's name or, without one, the remote address
    public String name() {
        Principal principal = security.getUserPrincipal();
        // On loopback, every local user may send requests without a key; only the address is known then.
        if (principal != null
                && principal.getName() != null
                && !principal.getName().isBlank()
                && !principal.getName().equals(ApiKeyMechanism.LOCAL_NAME)) {
            return "REST, " + principal.getName();
        }
        RoutingContext context = request.getCurrent();
        SocketAddress address = context == null ? null : context.request().remoteAddress();
        return address == null ? "REST" : "REST, address " + address.hostAddress();
    }
}
