package io.peregrine.rest.access;

import java.util.List;
import java.util.stream.Collectors;

/// Host names under which a service may be requested. A browser that was redirected here by DNS rebinding sends
/// another name as `Host`.
final class AllowedHosts {
    private final List<Authority> allowed;

    /// @param names such as `localhost`, which allows any port, or `peregrine.example:8443`
    /// @throws IllegalArgumentException with the entry that is not a host
    AllowedHosts(List<String> names) {
        this.allowed = names.stream()
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .map(name -> Authority.parse(name)
                        .orElseThrow(() -> new IllegalArgumentException(
                                "peregrine.http.allowed-hosts contains '%s'; entries must be host names or IP addresses, with or without a port, such as peregrine.example or [::1]:8084; correct that entry."
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
