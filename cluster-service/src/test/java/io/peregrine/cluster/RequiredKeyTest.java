package io.peregrine.cluster;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.testkit.GuardedApi;
import io.peregrine.testkit.LocalPlatform;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.specification.RequestSpecification;
import io.smallrye.jwt.build.Jwt;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.hamcrest.Matchers;
import org.junit.jupiter.api.Test;

/// A service that requires a key, as any service that listens beyond loopback does, with an identity provider.
@QuarkusTest
@TestProfile(RequiredKeyTest.WithIssuer.class)
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "cluster"))
class RequiredKeyTest {
    private static final String RUN = "/api/v1/runs/" + "0".repeat(32);

    public static final class WithIssuer implements QuarkusTestProfile {
        @Override
        public List<TestResourceEntry> testResources() {
            return List.of(new TestResourceEntry(TokenIssuer.class));
        }
    }

    @TestHTTPResource
    String service;

    @ConfigProperty(name = "test.issuer")
    String issuer;

    @ConfigProperty(name = "test.key")
    String key;

    @Test
    void eachOperationRequiresItsRole() throws Exception {
        assertThat(new GuardedApi(service, Map.of()).check("cluster-service")).isGreaterThan(20);
    }

    @Test
    void undocumentedPathsRequireAKeyToo() {
        for (String path : List.of("/", "/nowhere", "/q/openapi", "/api/v1/../v1/runs", "//api/v1/runs")) {
            given().urlEncodingEnabled(false).get(path).then().statusCode(401);
        }
        given().auth().oauth2(LocalPlatform.key("run")).put("/nowhere").then().statusCode(403);
        given().get("/q/health/live").then().statusCode(200);
        given().get("/q/metrics").then().statusCode(200);
    }

    @Test
    void rolesOfATokenAreChecked() throws Exception {
        for (String group : List.of("read", "run", "maintain", "curators")) {
            boolean runs = !group.equals("read");
            boolean maintains = List.of("maintain", "curators").contains(group);
            with(token(group, issuer, own(), 300)).get("/api/v1/runs").then().statusCode(200);
            with(token(group, issuer, own(), 300)).post(RUN + "/cancel").then().statusCode(runs ? 404 : 403);
            with(token(group, issuer, own(), 300)).delete(RUN).then().statusCode(maintains ? 404 : 403);
        }
        with(token("strangers", issuer, own(), 300))
                .get("/api/v1/runs")
                .then()
                .statusCode(403)
                .body("detail", Matchers.containsString("'read'"));
    }

    @Test
    void foreignOrExpiredTokenIsRejected() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        PrivateKey foreign = generator.generateKeyPair().getPrivate();
        String good = token("maintain", issuer, own(), 300);
        for (String bad : List.of(
                token("maintain", issuer, foreign, 300),
                token("maintain", "http://issuer.example", own(), 300),
                token("maintain", issuer, own(), -300),
                good.substring(0, good.lastIndexOf('.') + 1),
                unsigned(good))) {
            with(bad)
                    .get("/api/v1/runs")
                    .then()
                    .statusCode(401)
                    .header("WWW-Authenticate", Matchers.startsWith("Bearer"))
                    .contentType("application/problem+json");
        }
    }

    private static RequestSpecification with(String token) {
        return given().auth().oauth2(token);
    }

    private PrivateKey own() throws Exception {
        return KeyFactory.getInstance("RSA")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(key)));
    }

    private static String token(String group, String issuer, PrivateKey key, int seconds) {
        return Jwt.issuer(issuer)
                .subject("somebody")
                .groups(Set.of(group))
                .issuedAt(Instant.now().minusSeconds(600))
                .expiresAt(Instant.now().plusSeconds(seconds))
                .jws()
                .keyId("1")
                .sign(key);
    }

    /// The same claims with `"alg": "none"`.
    private static String unsigned(String token) {
        String header = Base64.getUrlEncoder().withoutPadding().encodeToString("{\"alg\":\"none\"}".getBytes());
        return header + token.substring(token.indexOf('.'), token.lastIndexOf('.') + 1);
    }
}
