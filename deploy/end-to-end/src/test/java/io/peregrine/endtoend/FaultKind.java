package io.peregrine.endtoend;

/// What [Chaos] does to Peregrine.
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
    STORE_FULL("store without room (disk full)", false, 2, 20);

    private static final int LONGEST_BRIEF = 6;
    private static final int BRIEF_OUTAGE = 20;

    final String words;
    /// Whether it is done to one service that the seed draws.
    final boolean ofOneService;

    private final int shortest;
    private final int longest;

    /// @param shortest seconds; 0: it is over at once, and what it has ended is started again
    FaultKind(String words, boolean ofOneService, int shortest, int longest) {
        this.words = words;
        this.ofOneService = ofOneService;
        this.shortest = shortest;
        this.longest = longest;
    }

    /// @param drawn from 0 to 1
    /// @param brief for a run of two minutes
    /// @return seconds for which it lasts
    double seconds(double drawn, boolean brief) {
        if (this == BROKER_STOPPED) {
            return brief ? BRIEF_OUTAGE : longest;
        }
        // A lease lasts 10 seconds: a pause beside a second instance is longer than that in any case.
        double most = brief ? Math.max(shortest, Math.min(longest, LONGEST_BRIEF)) : longest;
        return shortest + drawn * (most - shortest);
    }
}
