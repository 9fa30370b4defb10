package io.peregrine.simulator;

import io.peregrine.events.Sha256;
import io.peregrine.simulator.SimulatedBroker.Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/// Checks the invariants that must hold after the faults have ended.
final class Oracle {
    /// Steps within which a small run that is published afterwards must complete.
    private static final int STEPS = 600;

    private static final int LIVENESS_EVERY = 4;

    private static final String REFERENCES = """
            select manifest #>> '{tensors,uri}' from run where id = :run
            union all select manifest #>> '{json,uri}' from run where id = :run
            union all select network || ' ' || (weights ->> 'uri') from checkpoint where run = :run and last
            union all select clusters ->> 'uri' from clustering where run = :run
            union all select latents ->> 'uri' from clustering where run = :run
            order by 1""";

    /// By dataset: the artifacts of a run without faults.
    private final Map<Integer, List<String>> expectedReferences = new HashMap<>();

    /// Runs each dataset without faults, and stores the resulting artifacts.
    Oracle(Sandbox sandbox, Datasets datasets) throws Exception {
        for (int dataset = 0; dataset < Datasets.COUNT; dataset++) {
            Schedule schedule = new Schedule(0, sandbox, datasets, Weather.calm(), null, null);
            Users.Run run = schedule.users().publish(dataset);
            schedule.settle();
            List<String> references = references(schedule, run);
            String state = state(schedule, run);
            if (!state.equals("completed")) {
                throw new IllegalStateException("the run of dataset d%d without faults is %s: %s"
                        .formatted(dataset, state, events(schedule, run)));
            }
            expectedReferences.put(dataset, references);
        }
    }

    /// @throws Violation with the invariant that does not hold
    void check(Schedule schedule) {
        for (Users.Run run : schedule.users().published()) {
            checkRun(schedule, run);
        }
        checkGarbage(schedule);
        for (Service service : Service.values()) {
            checkReferenced(schedule, service);
        }
        checkFences(schedule);
        checkClaims(schedule);
        // This takes as long as all other checks, so it runs for every fourth schedule only.
        if (schedule.seed() % LIVENESS_EVERY == 0) {
            checkLiveness(schedule);
        }
        for (Service service : Service.values()) {
            checkPruning(schedule, service);
        }
    }

    private void checkRun(Schedule schedule, Users.Run run) {
        if (isDeleted(schedule, run)) {
            checkDeleted(schedule, run);
            return;
        }
        String state = state(schedule, run);
        boolean allowed = state.equals(run.refused == null ? "completed" : "failed")
                || state.equals("cancelled") && run.mayBeCancelled;
        if (!allowed) {
            throw new Violation("run %s of dataset d%d is %s; its events: %s"
                    .formatted(run.id, run.dataset, state, events(schedule, run)));
        }
        for (Service service : Service.values()) {
            checkOneEnd(schedule, service, run);
        }
        if (state.equals("completed") && !references(schedule, run).equals(expectedReferences.get(run.dataset))) {
            throw new Violation("run %s of dataset d%d ended in %s; without faults it ends in %s"
                    .formatted(run.id, run.dataset, references(schedule, run), expectedReferences.get(run.dataset)));
        }
    }

    /// A service publishes at most one end event of a run, and no events of the run after it has received another
    /// service's end event.
    private static void checkOneEnd(Schedule schedule, Service service, Users.Run run) {
        List<String> wrong = query(schedule, service, run, """
                select 'published two end events' where 1 < (select count(*) from outbox where run = :run and terminal)
                union all
                select 'published ' || o.type || ' after the run had ended'
                    from outbox o join ended_run e using (run)
                    where run = :run and not o.terminal and o.created_at > e.ended_at and e.type not like '%completed%'
                union all
                select 'has a job of an ended run in state ' || state
                    from job join ended_run e using (run) where run = :run and state in ('queued', 'running')
                union all
                select 'completed a job after the run had ended'
                    from job join ended_run e using (run) where run = :run and state = 'done' and updated_at > e.ended_at""");
        if (!wrong.isEmpty()) {
            throw new Violation("run %s: %s %s".formatted(run.id, service.application(), wrong));
        }
    }

    private static void checkDeleted(Schedule schedule, Users.Run run) {
        for (String table : schedule.sandbox().tables()) {
            // The record of the deletion and the audit entries are kept on purpose.
            if (Stream.of("ended_run", "inbox", "audit", "simulated").anyMatch(table::contains)) {
                continue;
            }
            long rows = schedule.sandbox().admin().withHandle(sql -> rows(sql, table, run.id));
            if (rows > 0) {
                throw new Violation(
                        "run %s is deleted, but %s still has %d of its rows".formatted(run.id, table, rows));
            }
        }
    }

    private static long rows(Handle sql, String table, String run) {
        boolean ofRuns = sql.createQuery("select exists (select 1 from pg_attribute where attrelid = cast(:table as"
                        + " regclass) and attname = 'run')")
                .bind("table", table)
                .mapTo(Boolean.class)
                .one();
        String exceptEndEvents = table.contains("outbox") ? " and not terminal" : "";
        return ofRuns
                ? sql.createQuery("select count(*) from %s where run = :run%s".formatted(table, exceptEndEvents))
                        .bind("run", run)
                        .mapTo(Long.class)
                        .one()
                : 0;
    }

    private static void checkGarbage(Schedule schedule) {
        for (Service service : Service.values()) {
            List<String> expected = schedule.broker().all(service.topics()).stream()
                    .filter(Entry::garbage)
                    .map(entry -> "%s %d %d"
                            .formatted(
                                    entry.record().topic(),
                                    entry.record().partition(),
                                    entry.record().offset()))
                    .sorted()
                    .toList();
            List<String> found = schedule.sandbox()
                    .admin()
                    .withHandle(sql -> sql
                            .createQuery(
                                    "select topic || ' ' || partition || ' ' || kafka_offset from %s.quarantine order by 1"
                                            .formatted(service.schema()))
                            .mapTo(String.class)
                            .list()
                            .stream()
                            .sorted()
                            .toList());
            if (!expected.equals(found)) {
                throw new Violation("%s has quarantined %s; the unreadable records are %s"
                        .formatted(service.application(), found, expected));
            }
        }
    }

    private static void checkReferenced(Schedule schedule, Service service) {
        List<String> needed = schedule.sandbox()
                .admin()
                .withHandle(sql -> sql.createQuery(
                                "select uri from %1$s.artifact where exists (select 1 from %1$s.needed where needed.uri ="
                                                .formatted(service.schema())
                                        + " artifact.uri) and published order by uri")
                        .mapTo(String.class)
                        .list());
        for (String uri : needed) {
            checkArtifact(schedule, uri, service);
        }
    }

    private static void checkArtifact(Schedule schedule, String uri, Service service) {
        Path file = schedule.store().resolve(uri.substring("store:".length()));
        String wanted = uri.substring(uri.lastIndexOf('/') + 1, uri.lastIndexOf('.'));
        try {
            if (!Files.exists(file)) {
                throw new Violation("%s references %s, which does not exist".formatted(service.application(), uri));
            }
            byte[] bytes = Files.readAllBytes(file);
            if (!Sha256.hex(bytes).equals(wanted)) {
                throw new Violation("%s needs %s, which is damaged: it has %d bytes"
                        .formatted(service.application(), uri, bytes.length));
            }
        } catch (java.io.IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Each epoch was reached once, and never by a stale claim.
    private static void checkFences(Schedule schedule) {
        List<String> stale = schedule.sandbox()
                .admin()
                .withHandle(sql -> sql.createQuery("""
                        select run || ' ' || network || ' epoch ' || epoch || ' by claim ' || fence || ' after claim '
                            || previous from (
                            select *, lag(fence) over w as previous, lag(epoch) over w as earlier
                            from trainer.simulated_epoch window w as (partition by run, network order by place)) claims
                        where previous > fence or earlier >= epoch""").mapTo(String.class).list());
        if (!stale.isEmpty()) {
            throw new Violation("a stale claim wrote: " + stale);
        }
    }

    private static void checkClaims(Schedule schedule) {
        for (Service service : Service.values()) {
            List<String> stale = schedule.sandbox()
                    .admin()
                    .withHandle(
                            sql -> sql.createQuery("select what from %s.simulated_stale".formatted(service.schema()))
                                    .mapTo(String.class)
                                    .list());
            if (!stale.isEmpty()) {
                throw new Violation("%s: a process wrote to a job that it no longer owned: %s"
                        .formatted(service.application(), stale));
            }
        }
    }

    private void checkLiveness(Schedule schedule) {
        Users.Run small = schedule.users().publish(0);
        int resumptionsBefore = schedule.resumptions();
        schedule.settle();
        if (!state(schedule, small).equals("completed")) {
            throw new Violation("a small run published after the faults is %s: %s"
                    .formatted(state(schedule, small), events(schedule, small)));
        }
        if (schedule.resumptions() - resumptionsBefore > STEPS) {
            throw new Violation("a small run published after the faults took %d steps; %d are allowed"
                    .formatted(schedule.resumptions() - resumptionsBefore, STEPS));
        }
    }

    private static void checkPruning(Schedule schedule, Service service) {
        schedule.state(service).pruneAtEnd();
        List<String> left = schedule.sandbox()
                .admin()
                .withHandle(sql -> sql.createQuery("""
                        select 'unneeded ' || uri from %1$s.artifact
                            where not exists (select 1 from %1$s.needed where needed.uri = artifact.uri)
                        union all select 'tombstone ' || uri from %1$s.tombstone""".formatted(service.schema()))
                        .mapTo(String.class)
                        .list());
        if (!left.isEmpty()) {
            throw new Violation("after pruning %s still has %s".formatted(service.application(), left));
        }
        checkReferenced(schedule, service);
    }

    private static boolean isDeleted(Schedule schedule, Users.Run run) {
        return !query(schedule, Service.CLUSTER, run, """
                select run from ended_run where run = :run and deleted_at is not null""").isEmpty();
    }

    private static String state(Schedule schedule, Users.Run run) {
        List<String> state = query(schedule, Service.CLUSTER, run, "select state from run where id = :run");
        return state.isEmpty() ? "unknown" : state.getFirst();
    }

    private static List<String> events(Schedule schedule, Users.Run run) {
        List<String> events = new ArrayList<>();
        for (Service service : Service.values()) {
            events.addAll(query(schedule, service, run, """
                    select type || case when terminal then ' ' || convert_from(data, 'UTF8') else '' end
                    from outbox where run = :run and type not like '%progressed%' order by seq"""));
        }
        return events;
    }

    private static List<String> references(Schedule schedule, Users.Run run) {
        return query(schedule, Service.CLUSTER, run, REFERENCES);
    }

    private static List<String> query(Schedule schedule, Service service, Users.Run run, String query) {
        return schedule.sandbox().admin().inTransaction(sql -> {
            sql.execute("set local search_path = " + service.schema());
            return sql.createQuery(query)
                    .bind("run", run.id)
                    .mapTo(String.class)
                    .list();
        });
    }
}
