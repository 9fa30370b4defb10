package io.peregrine.launcher;

import java.util.Locale;

/// The four services with their default ports and heap sizes on one machine.
public enum Service {
    // Enough for the largest image that is decoded (100 megapixels) while it is rotated.
    INGEST(8081, "1g"),
    BALANCE(8082, "512m"),
    TRAINER(8083, "768m"),
    CLUSTER(8084, "512m");

    private final int defaultPort;
    private final String heap;

    Service(int defaultPort, String heap) {
        this.defaultPort = defaultPort;
        this.heap = heap;
    }

    /// @return the short name: role and schema in the database, and argument of commands
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// @return the folder of the module, which is also the name of the service
    public String module() {
        return word() + "-service";
    }

    int defaultPort() {
        return defaultPort;
    }

    String heap() {
        return heap;
    }
}
