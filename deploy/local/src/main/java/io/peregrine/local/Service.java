package io.peregrine.local;

import java.util.Locale;

/// The four services, and what each is given on one machine.
public enum Service {
    // Room for the largest image that is decoded, 100 megapixels, while it is turned.
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

    /// @return its role and schema in the database, and the word for it in commands
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// @return the module's folder
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
