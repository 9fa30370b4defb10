package io.peregrine.rest.access;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A host with an optional port, as in the header `Host` and in the authority of a URL.
///
/// @param host in lower case, without a trailing dot; an IPv6 address in brackets
/// @param port -1 if there is none
record Authority(String host, int port) {
    private static final Pattern FORM = Pattern.compile(
            "(\\[[0-9A-Fa-f:.]{2,45}]|[A-Za-z0-9_-]{1,63}(?:\\.[A-Za-z0-9_-]{1,63})*)\\.?(?::(\\d{0,5}))?");
    private static final Pattern ADDRESS = Pattern.compile("(?i)(https?)://([^/?#]+)(?:[/?#].*)?");
    private static final Pattern IPV4 = Pattern.compile("(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)(?:\\.(?!$)|$)){4}");
    private static final int HIGHEST_PORT = 65_535;

    /// @param text such as `localhost:8084`; user names, blanks and lists are rejected
    static Optional<Authority> parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String port = matcher.group(2);
        int number = port == null || port.isEmpty() ? -1 : Integer.parseInt(port);
        return number > HIGHEST_PORT
                ? Optional.empty()
                : Optional.of(new Authority(matcher.group(1).toLowerCase(Locale.ROOT), number));
    }

    /// @param address URL of a web page, such as `https://peregrine.example/page`
    /// @return its host and port, if it has one; empty for `null` and for schemes other than HTTP and HTTPS
    static Optional<Authority> ofAddress(String address) {
        Matcher matcher = ADDRESS.matcher(address);
        return matcher.matches() ? parse(matcher.group(2)) : Optional.empty();
    }

    /// @param address URL of a web page, from the headers `Origin` or `Referer`
    /// @return whether the page has this authority as its origin. A missing port is taken from the page's scheme,
    ///     because a proxy in front of the service may terminate TLS
    boolean isOriginOf(String address) {
        int implied = address.regionMatches(true, 0, "https:", 0, 6) ? 443 : 80;
        return ofAddress(address)
                .filter(page -> page.withPort(implied).equals(withPort(implied)))
                .isPresent();
    }

    private Authority withPort(int implied) {
        return port < 0 ? new Authority(host, implied) : this;
    }

    /// DNS rebinding makes a name of the attacker resolve to this service. It cannot make a browser send an IP
    /// address instead of that name.
    ///
    /// @return whether the host is an IP address and not a name
    boolean isAddress() {
        return host.startsWith("[") || IPV4.matcher(host).matches();
    }

    @Override
    public String toString() {
        return port < 0 ? host : host + ":" + port;
    }
}
