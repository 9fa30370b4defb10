package io.peregrine.simulator;

import java.util.Locale;

/// Mistakes that the simulator makes on purpose, each at a seam of the real code: in its SQL on the way to the
/// database, in the disk, in the broker's consumer or around the store. Services have no switch for any of them.
public enum Bug {
    /// The consumer acknowledges a record before its transaction commits.
    ACKNOWLEDGE_BEFORE_COMMIT,
    /// A claim that another has taken over still writes.
    NO_FENCE(new Rewrite("and fence = ?", "and (fence = ? or true)")),
    /// Writers look at the fence, but not whether the run has ended.
    FENCE_WITHOUT_ENDED_RUN(
            new Rewrite(
                    "select exists (select 1 from ended_run where run = ?)",
                    "select exists (select 1 from ended_run where run = ? and false)"),
            new Rewrite("and not exists (select 1 from ended_run where ended_run.run = job.run)", "")),
    /// A file gets its name in the store before it is noted that a run needs it.
    PUBLISH_BEFORE_REFERENCE,
    /// Files are renamed without having been fsynced.
    NO_FSYNC_OF_FILE,
    /// Names are relied upon whose folder was not fsynced.
    NO_FSYNC_OF_FOLDER,
    /// The relay asks for what is newer than the last that it sent, not for what is unsent.
    RELAY_BY_LAST_ID(new Rewrite(
            "where sent_at is null",
            "where sent_at is null and seq > (select coalesce(max(seq), 0) from outbox where sent_at is not null)")),
    /// The relay sends nothing as long as one row cannot be sent.
    RELAY_STOPS_AT_BAD_ROW,
    /// A record is decoded before anybody is there to catch what that throws.
    DECODE_OUTSIDE_TRY,
    /// A lease ends by the clock of the machine that holds it.
    LEASE_BY_WORKER_CLOCK(
            new Rewrite(
                    "lease_until = now() +", "lease_until = (now() + current_setting('simulated.skew')::interval) +"),
            new Rewrite("lease_until < now()", "lease_until < now() + current_setting('simulated.skew')::interval")),
    /// Two sources that say the same id are taken for one.
    INBOX_KEY_WITHOUT_SOURCE(
            new Rewrite(
                    "insert into inbox (source, id, type, digest) values (?,",
                    "insert into inbox (source, id, type, digest) values (left(?, 0),"),
            new Rewrite("from inbox where source = ?", "from inbox where source = left(?, 0)")),
    /// Files are deleted without a tombstone that keeps others from relying on them.
    DELETE_BEFORE_TOMBSTONE(new Rewrite(
            "insert into condemned (uri) select uri from leaving returning uri", "select uri from leaving"));

    /// @param real what the service sends, with white space as single blanks
    private record Rewrite(String real, String wrong) {}

    private final Rewrite[] rewrites;

    Bug(Rewrite... rewrites) {
        this.rewrites = rewrites;
    }

    /// @return the name that the command line takes, such as `no-fence`
    public String option() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// @return the statement as a service with this bug would have sent it
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

    /// @return whether the bug is one of SQL, so that some statement must have been rewritten
    boolean isOfSql() {
        return rewrites.length > 0;
    }
}
