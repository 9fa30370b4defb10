package io.peregrine.rest.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AccessRulesTest {
    private static final AllowedHosts HOSTS =
            new AllowedHosts(List.of("localhost", " 127.0.0.1", "[::1]", "peregrine.example:8443"));

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "localhost:8084",
                "LOCALHOST:1",
                "localhost.",
                "localhost.:8084",
                "localhost:",
                "127.0.0.1:65535",
                "[::1]",
                "[::1]:8084",
                "Peregrine.Example:8443"
            })
    void aListedNameIsAllowedHoweverItIsWritten(String host) {
        assertThat(Authority.parse(host)).get().matches(HOSTS::contains);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example:8084",
                "localhost.evil.example",
                "evil-localhost",
                "127.0.0.1.evil.example",
                "127.0.0.2",
                "127.1",
                "2130706433",
                "0.0.0.0:8084",
                "[::]:8084",
                "[::ffff:127.0.0.1]:8084",
                "peregrine.example",
                "peregrine.example:443"
            })
    void anyOtherNameIsNot(String host) {
        assertThat(Authority.parse(host)).get().matches(asked -> !HOSTS.contains(asked));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                ".",
                "localhost..",
                "me@localhost",
                "localhost,evil.example",
                "localhost evil.example",
                "localhost/",
                "localhost:80:80",
                "localhost:65536",
                "localhost:-1",
                "localhost:0x50",
                "::1",
                "[::1",
                "local\thost",
                "löcalhost",
                "http://localhost"
            })
    void whatIsNotAHostIsNone(String host) {
        assertThat(Authority.parse(host)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "10.42.0.7, true",
        "255.255.255.255, true",
        "[fd00::7], true",
        "256.1.1.1, false",
        "10.42.0, false",
        "10.42.0.7.example, false",
        "localhost, false"
    })
    void anAddressIsNotAName(String host, boolean isAddress) {
        assertThat(Authority.parse(host).orElseThrow().isAddress()).isEqualTo(isAddress);
    }

    @ParameterizedTest
    @CsvSource({
        "localhost:8084, http://localhost:8084, true",
        "localhost:8084, http://LOCALHOST:8084/page?x#y, true",
        "localhost, http://localhost, true",
        "localhost, http://localhost:80, true",
        "peregrine.example, https://peregrine.example, true",
        "peregrine.example:443, https://peregrine.example, true",
        "[::1]:8084, http://[::1]:8084, true",
        "localhost:8084, http://localhost:3000, false",
        "localhost:8084, http://localhost, false",
        "localhost:8084, http://127.0.0.1:8084, false",
        "localhost:8084, https://evil.example, false",
        "localhost:8084, http://localhost:8084.evil.example, false",
        "localhost:8084, http://localhost:8084@evil.example, false",
        "localhost:8084, null, false",
        "localhost:8084, file:///page.html, false",
        "localhost:8084, '', false"
    })
    void aPageIsOfThisServiceOrForeign(String host, String page, boolean same) {
        assertThat(Authority.parse(host).orElseThrow().isOriginOf(page)).isEqualTo(same);
    }

    @Test
    void anInvalidEntryOfTheListIsReported() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new AllowedHosts(List.of("localhost", "http://peregrine.example")))
                .withMessageContaining("'http://peregrine.example'")
                .withMessageContaining("peregrine.http.allowed-hosts");
    }

    /// Lists every operation that changes data, so that [Role] is not the only definition.
    @ParameterizedTest
    @CsvSource({
        "GET, /api/v1/runs, READ",
        "HEAD, /api/v1/runs, READ",
        "OPTIONS, /api/v1/runs, READ",
        "POST, /api/v1/datasets, RUN",
        "POST, /api/v1/runs/0123456789abcdef0123456789abcdef/cancel, RUN",
        "POST, /api/v1/runs/{run}/cancel, RUN",
        "DELETE, /api/v1/runs/0123456789abcdef0123456789abcdef, MAINTAIN",
        "POST, /api/v1/artifacts/prune, MAINTAIN",
        "POST, /api/v1/quarantine/7/replay, MAINTAIN",
        "DELETE, /api/v1/quarantine/7, MAINTAIN",
        "POST, /api/v1/what/nobody/thought/of, MAINTAIN",
        "GET, /q/openapi, READ",
        "GET, /, READ",
        "GET, /api/v1/runs/{run}/charts/history.{format}, READ",
        "GET, /api/v1/quarantine, MAINTAIN",
        "GET, /api/v1/quarantine/7, MAINTAIN",
        "GET, /api/v1/audit, MAINTAIN",
        "GET, /api/v1/audit/, MAINTAIN",
        "GET, //api/v1/audit, MAINTAIN",
        "GET, /api/v1/./audit, MAINTAIN",
        "GET, /api/v1/runs/../audit, MAINTAIN",
        "GET, /api/v1/audit;x=1, MAINTAIN",
        "GET, /api/v1/%61udit, MAINTAIN",
        "GET, '', READ",
        "PUT, /api/v1/datasets, MAINTAIN",
        "PATCH, /api/v1/datasets, MAINTAIN",
        "BREW, /api/v1/datasets, MAINTAIN",
        "get, /api/v1/runs, MAINTAIN",
        "POST, /api/v1/datasets/, MAINTAIN",
        "POST, /api/v1/runs/x%2F..%2F..%2Fartifacts%2Fprune%3F/cancel, MAINTAIN",
        "POST, /api/v1/runs/../artifacts/prune;/cancel, MAINTAIN",
        "POST, /api/v1/runs//cancel, MAINTAIN"
    })
    void anOperationNeedsARole(String method, String path, Role role) {
        assertThat(Role.required(method, path)).isEqualTo(role);
    }

    @Test
    void aRoleIncludesThoseBeforeIt() {
        String table = Arrays.stream(Role.values())
                .map(held -> held.word() + ": "
                        + Arrays.stream(Role.values())
                                .filter(needed ->
                                        needed.isHeldBy(held.words()) && needed.isHeldBy(List.of(held.word())))
                                .map(Role::word)
                                .collect(Collectors.joining(" ")))
                .collect(Collectors.joining("\n"));
        assertThat(table).isEqualTo("""
            read: read
            run: read run
            maintain: read run maintain""");
        assertThat(Role.READ.isHeldBy(List.of("reader", "READ", ""))).isFalse();
    }

    @Test
    void aKeyIsKnownByItsDigest() throws Exception {
        String digest = HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest("another-key-of-20-bytes!".getBytes()));
        ApiKeys keys = ApiKeys.parse(List.of(
                "# who may do what",
                "",
                "grafana read reading-key-0123456789",
                "ci\trun  sha256:" + digest,
                "ops maintain ops-key-0123456789abc"));
        assertThat(keys.find("reading-key-0123456789")).contains(new ApiKeys.Holder("grafana", Role.READ));
        assertThat(keys.find("another-key-of-20-bytes!")).contains(new ApiKeys.Holder("ci", Role.RUN));
        assertThat(keys.find("ops-key-0123456789abc")).contains(new ApiKeys.Holder("ops", Role.MAINTAIN));
        assertThat(List.of("", "reading-key-012345678", "reading-key-01234567890", "sha256:" + digest, digest))
                .allSatisfy(wrong -> assertThat(keys.find(wrong)).isEmpty());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "grafana read short",
                "grafana reads secret-key-0123456789",
                "grafana READ secret-key-0123456789",
                "secret-key-0123456789",
                "grafana read secret-key-0123456789 more",
                "grafana read sha256:secret-key-0123456789",
                "grafana read sécret-key-0123456789"
            })
    void aLineThatCannotBeReadIsNamedWithoutItsKey(String line) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ApiKeys.parse(List.of("# keys", line)))
                .withMessageContaining("line 2")
                .withMessageNotContainingAny("secret", "sécret", "short");
    }
}
