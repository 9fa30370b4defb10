package io.peregrine.work.jobs;

import io.peregrine.artifacts.store.ArtifactStore.Stored;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;

/// References from runs to the artifacts that this service publishes (`V20261126_30__artefacts.sql`,
/// `V20261126_80__needed_by_job.sql`, `V20261130_20__tombstone.sql`).
///
/// Adding a reference and tombstoning an artifact both lock the artifact's row, so that one waits for the other.
public final class ArtifactReferences {
    private ArtifactReferences() {}

    /// Records that a run references an artifact.
    ///
    /// @param job job of the run; it can remove the reference by [#retainOnly]
    /// @throws FailureException RESOURCE `ARTIFACT_BEING_DELETED` if the artifact's file is being deleted
    public static void add(Handle sql, String run, long job, ArtifactRef ref) {
        // An update without effect locks the row; 'do nothing' would not.
        sql.createUpdate("""
                        insert into artifact (uri, bytes) values (:uri, :bytes)
                        on conflict (uri) do update set bytes = excluded.bytes""").bind("uri", ref.uri()).bind("bytes", ref.bytes()).execute();
        boolean beingDeleted = sql.createQuery("select exists (select 1 from tombstone where uri = :uri)")
                .bind("uri", ref.uri())
                .mapTo(Boolean.class)
                .one();
        if (beingDeleted) {
            throw FailureException.resource(
                    "ARTIFACT_BEING_DELETED",
                    "Artifact %s is being pruned; the job is retried".formatted(ref.uri()),
                    null);
        }
        sql.createUpdate("insert into needed (run, uri, job) values (:run, :uri, :job) on conflict do nothing")
                .bind("run", run)
                .bind("uri", ref.uri())
                .bind("job", job)
                .execute();
    }

    /// Removes the artifact references that a job recorded, except the given ones. References that other jobs
    /// recorded are kept.
    ///
    /// @return whether references were removed
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

    /// Adds orphans to the table: files that have no row. They are then tombstoned like any other artifact.
    public static void registerOrphans(Handle sql, Collection<Stored> orphans) {
        PreparedBatch batch = sql.prepareBatch("""
                insert into artifact (uri, bytes, published) values (:uri, :bytes, true) on conflict do nothing""");
        orphans.forEach(file ->
                batch.bind("uri", file.uri()).bind("bytes", file.bytes()).add());
        batch.execute();
    }

    /// Tombstones artifacts that no run references, at most `most` at a time. Rows that depend on theirs are
    /// deleted, too.
    ///
    /// @return their names; no job can reference them until [#confirmDeleted]. Empty if there are no more
    public static List<String> tombstone(Handle sql, int most) {
        List<String> locked =
                sql.createQuery("""
                        select uri from artifact
                        where not exists (select 1 from needed where needed.uri = artifact.uri)
                        order by uri limit :most for update skip locked""").bind("most", most).mapTo(String.class).list();
        // Check again now that the rows are locked: a run may have added a reference before its row was locked.
        return sql.createQuery("""
                        with leaving as (
                            delete from artifact where uri = any(:locked)
                              and not exists (select 1 from needed where needed.uri = artifact.uri)
                            returning uri)
                        insert into tombstone (uri) select uri from leaving returning uri""")
                .bindArray("locked", String.class, locked.toArray())
                .mapTo(String.class)
                .list();
    }

    /// @return names of tombstoned artifacts whose files may still exist
    public static List<String> tombstones(Handle sql) {
        return sql.createQuery("select uri from tombstone order by uri")
                .mapTo(String.class)
                .list();
    }

    /// Confirms that the files of these names are deleted.
    public static void confirmDeleted(Handle sql, Collection<String> uris) {
        sql.createUpdate("delete from tombstone where uri = any(:uris)")
                .bindArray("uris", String.class, uris.toArray())
                .execute();
    }

    /// @return artifacts that are in the store and referenced by a run, ordered by name
    public static List<ArtifactRef> referenced(Handle sql, String after, int most) {
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

    /// @return the runs that reference an artifact
    public static List<String> runs(Handle sql, String uri) {
        return sql.createQuery("select distinct run from needed where uri = :uri order by run")
                .bind("uri", uri)
                .mapTo(String.class)
                .list();
    }

    /// @return names of all artifacts that have a row, referenced or not
    public static Set<String> known(Handle sql) {
        return sql.createQuery("select uri from artifact").mapTo(String.class).set();
    }

    /// @return names of all artifacts that a run references
    public static Set<String> referenced(Handle sql) {
        return sql.createQuery("select distinct uri from needed")
                .mapTo(String.class)
                .set();
    }
}
