package io.peregrine.rest.access;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A host with or without a port, as the header `Host` and the part of an address before its path have it.
///
/// @param host in lower case, without the dot that may end a name; an IPv6 address in brackets
/// @param port -1 where none is named
record Authority(String host, int port) {
    private static final Pattern FORM = Pattern.compile(
            "(\\[[0-9A-Fa-f:.]{2,45}]|[A-Za-z0-9_-]{1,63}(?:\\.[A-Za-z0-9_-]{1,63})*)\\.?(?::(\\d{0,5}))?");
    private static final Pattern ADDRESS = Pattern.compile("(?i)(https?)://([^/?#]+)(?:[/?#].*)?");
    private static final Pattern IPV4 = Pattern.compile("(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)(?:\\.(?!$)|$)){4}");
    private static final int HIGHEST_PORT = 65_535;

    /// @param text such as `localhost:8084`; user names, blanks and lists are refused
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

    /// @param address of a web page, such as `https://peregrine.example/page`
    /// @return its host and, if it names one, its port; nothing for `null` and for schemes other than those of
    ///     HTTP
    static Optional<Authority> ofAddress(String address) {
        Matcher matcher = ADDRESS.matcher(address);
        return matcher.matches() ? parse(matcher.group(2)) : Optional.empty();
    }

    /// @param address of a web page, from the headers `Origin` or `Referer`
    /// @return whether the page comes from where this authority leads. Where either leaves its port out, that of
    ///     the page's scheme is meant: a proxy in front may speak TLS.
    boolean isOriginOf(String address) {
        int implied = address.regionMatches(true, 0, "https:", 0, 6) ? 443 : 80;
        return ofAddress(address)
                .filter(page -> page.withPort(implied).equals(withPort(implied)))
                .isPresent();
    }

    private Authority withPort(int implied) {
        return port < 0 ? new Authority(host, implied) : this;
    }

    /// DNS rebinding makes a name of the attacker's lead here. It cannot make a browser send an address instead
    /// of it.
    ///
    /// @return whether the host is an IP address rather than a name
    boolean isAddress() {
        return host.startsWith("[") || IPV4.matcher(host).matches();
    }

    @Override
    public String toString() {
        return port < 0 ? host : host + ":" + port;
    }
}
