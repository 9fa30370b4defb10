package io.peregrine.work;

import io.peregrine.artifacts.ArtifactStore.Stored;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;

/// Who needs what of the artifacts that this service publishes (`V20261126_30__artifacts.sql`,
/// `V20261126_80__needed_by_job.sql`).
///
/// An artifact's row is locked by who takes it up and by who condemns it, so that one of them
/// waits for the other.
final class ArtifactReferences {
    private ArtifactReferences() {}

    /// Notes that a run needs an artifact.
    ///
    /// @param job of the run, which can take it back by [#retainOnly]
    /// @throws Failure RESOURCE `ARTIFACT_LEAVES`, if its file is just being deleted
    static void add(Handle sql, String run, long job, ArtifactRef ref) {
        // The update of nothing locks the row: 'do nothing' would not.
        sql.createUpdate("""
                        insert into artifact (uri, bytes) values (:uri, :bytes)
                        on conflict (uri) do update set bytes = excluded.bytes""").bind("uri", ref.uri()).bind("bytes", ref.bytes()).execute();
        boolean leaves = sql.createQuery("select exists (select 1 from condemned where uri = :uri)")
                .bind("uri", ref.uri())
                .mapTo(Boolean.class)
                .one();
        if (leaves) {
            throw FailureException.resource("ARTIFACT_LEAVES", ref.uri() + " is just being pruned", null);
        }
        sql.createUpdate("insert into needed (run, uri, job) values (:run, :uri, :job) on conflict do nothing")
                .bind("run", run)
                .bind("uri", ref.uri())
                .bind("job", job)
                .execute();
    }

    /// Of all that a job has noted its run needs these alone; what another job noted stands.
    ///
    /// @return whether there were others
    static boolean retainOnly(Handle sql, String run, long job, Collection<String> uris) {
        return sql.createUpdate("delete from needed where run = :run and job = :job and uri <> all(:uris)")
                        .bind("run", run)
                        .bind("job", job)
                        .bindArray("uris", String.class, uris.toArray())
                        .execute()
                > 0;
    }

    static void published(Handle sql, String uri) {
        sql.createUpdate("update artifact set published = true where uri = :uri and not published")
                .bind("uri", uri)
                .execute();
    }

    /// Takes files into the table that nobody has noted, so that they are condemned like any other.
    static void registerOrphans(Handle sql, Collection<Stored> strays) {
        PreparedBatch batch = sql.prepareBatch("""
                insert into artifact (uri, bytes, published) values (:uri, :bytes, true) on conflict do nothing""");
        strays.forEach(file ->
                batch.bind("uri", file.uri()).bind("bytes", file.bytes()).add());
        batch.execute();
    }

    /// Condemns artifacts that no run needs, some at a time. What rows hang on theirs go with them.
    ///
    /// @return their names, which nobody can take up until they are [#confirmDeleted]; empty, when there
    ///     are no more
    static List<String> tombstone(Handle sql, int most) {
        List<String> locked =
                sql.createQuery("""
                        select uri from artifact
                        where not exists (select 1 from needed where needed.uri = artifact.uri)
                        order by uri limit :most for update skip locked""").bind("most", most).mapTo(String.class).list();
        // A second look, now that nobody can take them up: one may have been before its row was locked.
        return sql.createQuery("""
                        with leaving as (
                            delete from artifact where uri = any(:locked)
                              and not exists (select 1 from needed where needed.uri = artifact.uri)
                            returning uri)
                        insert into condemned (uri) select uri from leaving returning uri""")
                .bindArray("locked", String.class, locked.toArray())
                .mapTo(String.class)
                .list();
    }

    /// @return names that are condemned, and whose files may still be there
    static List<String> tombstones(Handle sql) {
        return sql.createQuery("select uri from condemned order by uri")
                .mapTo(String.class)
                .list();
    }

    /// The files of these names are gone.
    static void confirmDeleted(Handle sql, Collection<String> uris) {
        sql.createUpdate("delete from condemned where uri = any(:uris)")
                .bindArray("uris", String.class, uris.toArray())
                .execute();
    }

    /// @return how many artifacts a run needs, and their bytes
    static GarbageCollector.Usage usedOnlyBy(Handle sql, String run) {
        return sql.createQuery("""
                        select count(*) as artifacts, coalesce(sum(bytes), 0) as bytes
                        from artifact where uri in (select uri from needed where run = :run)""")
                .bind("run", run)
                .map((row, context) -> new GarbageCollector.Usage(row.getLong("artifacts"), row.getLong("bytes")))
                .one();
    }

    /// @return artifacts that lie in the store and that some run needs, in the order of their names
    static List<ArtifactRef> referenced(Handle sql, String after, int most) {
        return sql.createQuery("""
                        select uri, bytes from artifact
                        where published and uri > :after
                          and exists (select 1 from needed where needed.uri = artifact.uri)
                        order by uri limit :most""")
                .bind("after", after)
                .bind("most", most)
                .map((row, context) -> {
                    String uri = row.getString("uri");
                    String sha256 = uri.substring(uri.lastIndexOf('/') + 1, uri.lastIndexOf('.'));
                    return new ArtifactRef(uri, sha256, row.getLong("bytes"));
                })
                .list();
    }

    /// @return which runs need an artifact
    static List<String> runs(Handle sql, String uri) {
        return sql.createQuery("select distinct run from needed where uri = :uri order by run")
                .bind("uri", uri)
                .mapTo(String.class)
                .list();
    }

    /// @return names of all artifacts that are noted, needed or not
    static Set<String> known(Handle sql) {
        return sql.createQuery("select uri from artifact").mapTo(String.class).set();
    }

    /// @return names of all artifacts that some run needs
    static Set<String> referenced(Handle sql) {
        return sql.createQuery("select distinct uri from needed")
                .mapTo(String.class)
                .set();
    }
}
