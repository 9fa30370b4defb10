package io.peregrine.rest.access;

import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.runtime.QuarkusPrincipal;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.util.Optional;

/// Authenticates a request by its API key, or as a local caller without a key. Unknown credentials are left to
/// the identity provider, if there is one.
@Singleton
public class ApiKeyMechanism implements HttpAuthenticationMechanism {
    /// Principal of a request without a key, if none is required.
    public static final String LOCAL_NAME = "local";

    private static final String BEARER = "Bearer ";

    /// Runs before OIDC, which reads the same header.
    private static final int PRIORITY = HttpAuthenticationMechanism.DEFAULT_PRIORITY + 100;

    private static final SecurityIdentity LOCAL = identity(LOCAL_NAME, Role.MAINTAIN);

    private final Access access;

    ApiKeyMechanism(Access access) {
        this.access = access;
    }

    @Override
    public Uni<SecurityIdentity> authenticate(RoutingContext context, IdentityProviderManager manager) {
        String header = context.request().getHeader("Authorization");
        if (header == null) {
            return access.trusts(context.request())
                    ? Uni.createFrom().item(LOCAL)
                    : Uni.createFrom().nullItem();
        }
        Optional<ApiKeys.Holder> holder =
                bearer(header).flatMap(key -> access.keys().find(key));
        if (holder.isPresent()) {
            return Uni.createFrom()
                    .item(identity(holder.get().name(), holder.get().role()));
        }
        return access.acceptsTokens()
                ? Uni.createFrom().nullItem()
                : Uni.createFrom().failure(new AuthenticationFailedException("unknown key"));
    }

    private static Optional<String> bearer(String header) {
        return header.regionMatches(true, 0, BEARER, 0, BEARER.length())
                ? Optional.of(header.substring(BEARER.length()).strip())
                : Optional.empty();
    }

    private static SecurityIdentity identity(String name, Role role) {
        return QuarkusSecurityIdentity.builder()
                .setPrincipal(new QuarkusPrincipal(name))
                .addRoles(role.words())
                .build();
    }

    @Override
    public Uni<ChallengeData> getChallenge(RoutingContext context) {
        return Uni.createFrom().item(new ChallengeData(401, "WWW-Authenticate", "Bearer realm=\"peregrine\""));
    }

    @Override
    public Uni<Boolean> sendChallenge(RoutingContext context) {
        RequestGuard.unknownCaller(context);
        return Uni.createFrom().item(true);
    }

    @Override
    public int getPriority() {
        return PRIORITY;
    }
}
