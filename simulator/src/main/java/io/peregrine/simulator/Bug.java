package io.peregrine.simulator;

import java.util.Locale;

/// Bugs that the simulator plants, each at an interface of the real code: in the SQL sent to the database, in the
/// disk, in the broker's consumer or around the store. The services have no switches for them.
public enum Bug {
    /// The consumer acknowledges a record before its transaction commits.
    ACKNOWLEDGE_BEFORE_COMMIT,
    /// A process still writes to a job that another process has claimed since.
    NO_FENCE(new Rewrite("and fence = ?", "and (fence = ? or true)")),
    /// Writers check the fence, but not whether the run has ended.
    FENCE_WITHOUT_ENDED_RUN(
            new Rewrite(
                    "select exists (select 1 from ended_run where run = ?)",
                    "select exists (select 1 from ended_run where run = ? and false)"),
            new Rewrite("and not exists (select 1 from ended_run where ended_run.run = job.run)", "")),
    /// A file gets its name in the store before the run's reference to it is recorded.
    PUBLISH_BEFORE_REFERENCE,
    /// Files are renamed without fsync.
    NO_FSYNC_OF_FILE,
    /// Names are used although their folder was not fsynced.
    NO_FSYNC_OF_FOLDER,
    /// The relay selects events newer than the last one sent, instead of all unsent events.
    RELAY_BY_LAST_ID(new Rewrite(
            "where sent_at is null",
            "where sent_at is null and seq > (select coalesce(max(seq), 0) from outbox where sent_at is not null)")),
    /// The relay stops at a row that cannot be sent.
    RELAY_STOPS_AT_BAD_ROW,
    /// A record is decoded outside the try block that handles its exceptions.
    DECODE_OUTSIDE_TRY,
    /// Leases are measured with the clock of the worker's machine.
    LEASE_BY_WORKER_CLOCK(
            new Rewrite(
                    "lease_until = now() +", "lease_until = (now() + current_setting('simulated.skew')::interval) +"),
            new Rewrite("lease_until < now()", "lease_until < now() + current_setting('simulated.skew')::interval")),
    /// Events of two sources with the same id are treated as the same event.
    INBOX_KEY_WITHOUT_SOURCE(
            new Rewrite(
                    "insert into inbox (source, id, type, digest) values (?,",
                    "insert into inbox (source, id, type, digest) values (left(?, 0),"),
            new Rewrite("from inbox where source = ?", "from inbox where source = left(?, 0)")),
    /// Files are deleted without a tombstone that prevents new references to them.
    DELETE_BEFORE_TOMBSTONE(new Rewrite(
            "insert into tombstone (uri) select uri from leaving returning uri", "select uri from leaving"));

    /// @param real the service's SQL, with white space as single spaces
    private record Rewrite(String real, String wrong) {}

    private final Rewrite[] rewrites;

    Bug(Rewrite... rewrites) {
        this.rewrites = rewrites;
    }

    /// @return the name on the command line, such as `no-fence`
    public String option() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// @return the statement that a service with this bug would send
    String rewritten(String sql) {
        if (rewrites.length == 0) {
            return sql;
        }
        String wrong = sql.replaceAll("\\s+", " ");
        for (Rewrite rewrite : rewrites) {
            wrong = wrong.replace(rewrite.real(), rewrite.wrong());
        }
        return wrong;
    }

    /// @return whether the bug is in SQL, so that at least one statement must have been rewritten
    boolean isOfSql() {
        return rewrites.length > 0;
    }
}
