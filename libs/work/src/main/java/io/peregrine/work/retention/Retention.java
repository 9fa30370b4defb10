package io.peregrine.work.retention;

import io.peregrine.work.jobs.Database;
import io.peregrine.work.messaging.Quarantine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ObjLongConsumer;
import org.jboss.logging.Logger;

/// Removes old bookkeeping rows, so that tables stop growing.
///
/// Rows of a running run are never removed, nor rows that detect repeated events. Three layers prevent a repeated
/// event from starting a run again:
///
/// - the inbox keeps its rows for longer than a topic can deliver an event again
/// - the row in `ended_run` is kept for as long as the run exists
/// - after the run's deletion that row is kept for [Ages#deletedRun]
///
/// Rows are deleted in batches of [#BATCH], each in a transaction of its own that skips locked rows. Several
/// replicas may run at once.
public final class Retention {
    static final int BATCH = 1_000;

    private static final Logger LOG = Logger.getLogger(Retention.class);
    private static final String CUTOFF = "now() - :seconds * interval '1 second'";

    /// Ages after which rows are removed.
    ///
    /// @param inbox since the event was received
    /// @param job since the run ended and the job was last updated
    /// @param outbox since the event was sent, for a run that has ended
    /// @param deletedRun since the run was deleted
    /// @param quarantine since the record was quarantined
    /// @param audit since the action
    public record Ages(
            Duration inbox, Duration job, Duration outbox, Duration deletedRun, Duration quarantine, Duration audit) {
        /// @throws IllegalArgumentException if an event could be delivered again after its row was removed
        public static Ages of(RetentionConfig config) {
            Duration redelivery = config.topicRetention().multipliedBy(2);
            atLeast("peregrine.work.inbox-retention", config.inboxRetention(), redelivery);
            atLeast("peregrine.work.ended-run-retention", config.endedRunRetention(), redelivery);
            return new Ages(
                    config.inboxRetention(),
                    config.jobRetention(),
                    config.outboxRetention(),
                    config.endedRunRetention(),
                    config.quarantineRetention(),
                    config.auditRetention());
        }

        private static void atLeast(String setting, Duration value, Duration least) {
            if (value.compareTo(least) < 0) {
                throw new IllegalArgumentException(
                        "%s is %s. It must be at least %s, twice peregrine.work.topic-retention: Kafka can deliver an event"
                                        .formatted(setting, value, least)
                                + " again for that long. Raise it, or lower the retention of the topics and that setting.");
            }
        }
    }

    private final Database database;
    private final List<RetentionRule> rules;
    private final ObjLongConsumer<String> removed;
    private volatile boolean stopping;

    /// @param own rules of the service for its own tables
    /// @param removed called for each batch with table and row count; for metrics
    public Retention(Database database, Ages ages, List<? extends RetentionRule> own, ObjLongConsumer<String> removed) {
        this.database = database;
        this.removed = removed;
        this.rules = new ArrayList<>(own);
        rules.addAll(common(ages));
        // Register at the start: `increase` does not see a counter's first value.
        rules.forEach(rule -> removed.accept(rule.table(), 0));
    }

    private static List<RetentionRule> common(Ages ages) {
        return List.of(
                RetentionRule.of("inbox", ages.inbox(), """
                        select ctid from inbox where received_at < %s
                        order by received_at limit :limit for update skip locked""".formatted(CUTOFF)),
                RetentionRule.of("job", ages.job(), """
                        select job.ctid from job join ended_run ended on ended.run = job.run
                        where job.state in ('done', 'failed', 'cancelled')
                          and job.updated_at < %1$s and ended.ended_at < %1$s
                        order by job.updated_at limit :limit for update of job skip locked""".formatted(CUTOFF)),
                // Open jobs of a worker that died while its run ended. No worker claims a job of such a run.
                RetentionRule.of("job", ages.job(), """
                        select job.ctid from job join ended_run ended on ended.run = job.run
                        where job.state in ('queued', 'running')
                          and job.updated_at < %1$s and ended.ended_at < %1$s
                        limit :limit for update of job skip locked""".formatted(CUTOFF)),
                RetentionRule.of("outbox", ages.outbox(), """
                        select outbox.ctid from outbox join ended_run ended on ended.run = outbox.run
                        where outbox.sent_at < %1$s and ended.ended_at < %1$s
                        order by outbox.sent_at limit :limit for update of outbox skip locked""".formatted(CUTOFF)),
                RetentionRule.of("outbox", ages.outbox(), """
                        select outbox.ctid from outbox join ended_run ended on ended.run = outbox.run
                        where outbox.set_aside_at < %1$s and ended.ended_at < %1$s
                        limit :limit for update of outbox skip locked""".formatted(CUTOFF)),
                // A dataset-ready event published through REST is kept while its run exists: a repeated
                // Idempotency-Key is compared with it.
                RetentionRule.of("outbox", ages.outbox(), """
                        select outbox.ctid from ended_run ended join outbox on outbox.subject = ended.run
                        where outbox.run is null and outbox.sent_at < %1$s and ended.deleted_at < %1$s
                        limit :limit for update of outbox skip locked""".formatted(CUTOFF)),
                RetentionRule.of("ended_run", ages.deletedRun(), """
                        select ctid from ended_run
                        where deleted_at < %s
                          and not exists (select from outbox where outbox.run = ended_run.run)
                          and not exists (select from outbox where outbox.run is null and outbox.subject = ended_run.run)
                        order by deleted_at limit :limit for update skip locked""".formatted(CUTOFF)),
                RetentionRule.of("quarantine", ages.quarantine(), """
                        select ctid from quarantine where kept_at < %s
                        order by kept_at limit :limit for update skip locked""".formatted(CUTOFF)),
                RetentionRule.of("audit", ages.audit(), """
                        select ctid from audit where at < %s
                        order by at limit :limit for update skip locked""".formatted(CUTOFF)));
    }

    /// Removes all rows that are old enough. If a rule fails, the error is logged and the rule is retried next
    /// time; the other rules still run.
    ///
    /// @return removed rows by table, for tables with at least one
    public Map<String, Long> removeExpired() {
        Map<String, Long> all = new TreeMap<>();
        for (RetentionRule rule : rules) {
            try {
                removeAll(rule, all);
            } catch (RuntimeException failed) {
                if (stopping) {
                    // The stop of the service has interrupted the deletion.
                    return all;
                }
                LOG.warnf("Cannot remove old rows, retrying later table=%s: %s", rule.table(), failed.getMessage());
            }
        }
        if (!all.isEmpty()) {
            LOG.infof("Old rows removed %s", all);
        }
        return all;
    }

    private void removeAll(RetentionRule rule, Map<String, Long> all) {
        int rows;
        do {
            rows = database.inTransaction(null, tx -> rule.removeSome(tx, BATCH));
            if (rows > 0) {
                all.merge(rule.table(), (long) rows, Long::sum);
                removed.accept(rule.table(), rows);
            }
        } while (rows > 0 && !stopping);
    }

    /// Removes the oldest quarantined records while the quarantine exceeds its limits.
    public void trimQuarantine(long records, long bytes) {
        int rows = database.inTransaction(null, tx -> Quarantine.trim(tx.sql(), records, bytes));
        if (rows > 0) {
            LOG.warnf(
                    "Oldest quarantined records removed records=%d: the limit is %d records or %d bytes",
                    rows, records, bytes);
            removed.accept("quarantine", rows);
        }
    }

    /// Ends [#removeExpired] after the current batch. From now on failures are not reported.
    public void stop() {
        stopping = true;
    }
}
