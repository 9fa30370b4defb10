package io.peregrine.rest.access;

import java.util.List;
import java.util.stream.Collectors;

/// The names by which a service may be asked for. A browser that was led here by another name (DNS rebinding)
/// sends that name as `Host`.
final class AllowedHosts {
    private final List<Authority> allowed;

    /// @param names such as `localhost`, which allows any port, or `peregrine.example:8443`
    /// @throws IllegalArgumentException naming the entry that is not a host
    AllowedHosts(List<String> names) {
        this.allowed = names.stream()
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .map(name -> Authority.parse(name)
                        .orElseThrow(() -> new IllegalArgumentException(
                                "peregrine.http.allowed-hosts contains '%s'; allowed are host names and IP addresses, with or without a port, such as peregrine.example or [::1]:8084; correct that entry."
                                        .formatted(name))))
                .toList();
    }

    boolean contains(Authority asked) {
        return allowed.stream()
                .anyMatch(one -> one.host().equals(asked.host()) && (one.port() < 0 || one.port() == asked.port()));
    }

    @Override
    public String toString() {
        return allowed.stream().map(Authority::toString).collect(Collectors.joining(", "));
    }
}
