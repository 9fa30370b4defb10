package io.peregrine.rest.access;

import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.vertx.http.runtime.security.HttpSecurityPolicy;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;

/// Permits a request if the caller has the role that the operation requires. The policy has no name, so that it
/// applies to every path.
@Singleton
class RolePolicy implements HttpSecurityPolicy {
    @Override
    public Uni<CheckResult> checkPermission(
            RoutingContext context, Uni<SecurityIdentity> identity, AuthorizationRequestContext request) {
        Role required = Role.required(
                context.request().method().name(),
                String.valueOf(context.request().path()));
        return identity.map(caller -> required.isHeldBy(caller.getRoles()) ? CheckResult.PERMIT : CheckResult.DENY);
    }
}
