package io.peregrine.endtoend.chaos;

/// Kinds of faults that [Chaos] injects.
enum FaultKind {
    SERVICE_KILLED("service killed (SIGKILL)", true, 0, 0),
    SERVICE_PAUSED("service paused (SIGSTOP)", true, 2, 20),
    SERVICE_DOUBLED("second instance of a service, one of the two paused", true, 12, 20),
    BROKER_KILLED("broker killed (SIGKILL)", false, 0, 0),
    BROKER_PAUSED("broker paused (SIGSTOP)", false, 2, 20),
    BROKER_STOPPED("broker stopped, a service killed meanwhile", true, 180, 180),
    CONNECTIONS_TERMINATED("database connections terminated", false, 0, 0),
    DATABASE_RESTARTED("database restarted (immediate shutdown)", false, 0, 0),
    DATABASE_KILLED("database killed (SIGKILL)", false, 0, 0),
    DATABASE_PAUSED("database paused (SIGSTOP)", false, 2, 15),
    DATABASE_READ_ONLY("database read-only", false, 2, 15),
    LOGIN_REFUSED("database refuses a service's login", true, 2, 15),
    CONNECTIONS_REFUSED("database refuses a service's connections (limit 0)", true, 2, 15),
    STORE_FULL("store's disk full", false, 2, 20);

    private static final int MAX_BRIEF = 6;
    private static final int BRIEF_OUTAGE = 20;

    final String words;
    /// Whether the fault affects one service, which the seed determines.
    final boolean ofOneService;

    private final int shortest;
    private final int longest;

    /// @param shortest minimum duration in seconds; 0: an instant fault, after which the process is restarted
    FaultKind(String words, boolean ofOneService, int shortest, int longest) {
        this.words = words;
        this.ofOneService = ofOneService;
        this.shortest = shortest;
        this.longest = longest;
    }

    /// @param drawn random number from 0 to 1
    /// @param brief whether the test takes only two minutes
    /// @return duration in seconds
    double seconds(double drawn, boolean brief) {
        if (this == BROKER_STOPPED) {
            return brief ? BRIEF_OUTAGE : longest;
        }
        // A lease lasts 10 seconds. With a second instance the pause is always longer than that.
        double most = brief ? Math.max(shortest, Math.min(longest, MAX_BRIEF)) : longest;
        return shortest + drawn * (most - shortest);
    }
}
