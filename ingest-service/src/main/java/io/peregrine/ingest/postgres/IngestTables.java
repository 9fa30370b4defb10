package io.peregrine.ingest.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.RunRef;
import io.peregrine.ingest.dataset.Listing;
import io.peregrine.ingest.pack.PackMaker.DecodedPack;
import io.peregrine.ingest.pack.PackMaker.Rejection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// Tables of runs and packs (`V10__ingest.sql`).
public final class IngestTables {
    private static final TypeReference<List<Rejection>> REFUSALS = new TypeReference<>() {};

    private IngestTables() {}

    /// Progress of a run.
    ///
    /// @param packs total number
    public record Progress(int packs, int packsMade, int rows, int rowsDone) {}

    public static void accept(Handle sql, String run, String dataset) {
        sql.createUpdate("insert into ingest_run (run, dataset) values (:run, :dataset) on conflict (run) do nothing")
                .bind("run", run)
                // PostgreSQL's text type accepts every character except this one.
                .bind("dataset", dataset.replace("\0", "\\0"))
                .execute();
    }

    public static void list(Handle sql, RunRef run, ArtifactRef listing, Listing listed) {
        sql.createUpdate("""
                        update ingest_run set run_ref = :ref, listing = :listing, packs = :packs, rows_listed = :rows
                        where run = :run""")
                .bind("run", run.id())
                .bind("ref", json(run))
                .bind("listing", json(listing))
                .bind("packs", listed.packs().size())
                .bind("rows", listed.rows().size())
                .execute();
    }

    /// @return reference of a run whose files are listed; empty if the run is unknown or not listed yet
    public static Optional<RunRef> listed(Handle sql, String run) {
        return sql.createQuery("select run_ref from ingest_run where run = :run and listing is not null")
                .bind("run", run)
                .map((row, context) -> read(row.getString("run_ref"), new TypeReference<RunRef>() {}))
                .findFirst();
    }

    public static ArtifactRef listing(Handle sql, String run) {
        return sql.createQuery("select listing from ingest_run where run = :run")
                .bind("run", run)
                .map((row, context) -> read(row.getString("listing"), new TypeReference<ArtifactRef>() {}))
                .one();
    }

    /// Records a finished pack. The run's row is locked, so that exactly one of several concurrent packs is the
    /// last.
    public static Progress made(Handle sql, String run, Listing.Range range, DecodedPack made) {
        Progress progress = sql.createQuery("""
                        update ingest_run set packs_made = packs_made + 1, rows_done = rows_done + :rows
                        where run = :run returning packs, packs_made, rows_listed, rows_done""")
                .bind("run", run)
                .bind("rows", range.to() - range.from())
                .map((row, context) -> new Progress(
                        row.getInt("packs"),
                        row.getInt("packs_made"),
                        row.getInt("rows_listed"),
                        row.getInt("rows_done")))
                .one();
        sql.createUpdate("""
                        insert into made_pack (run, number, pixels, refusals)
                        values (:run, :number, :pixels, :refusals)""")
                .bind("run", run)
                .bind("number", range.number())
                .bind("pixels", json(made.pixels()))
                .bind("refusals", json(made.refusals()))
                .execute();
        return progress;
    }

    public static int rowsDone(Handle sql, String run) {
        return sql.createQuery("select rows_done from ingest_run where run = :run")
                .bind("run", run)
                .mapTo(Integer.class)
                .one();
    }

    /// @return a run's packs in the order of their numbers
    public static List<DecodedPack> packs(Handle sql, String run) {
        return new ArrayList<>(
                sql.createQuery("select pixels, refusals from made_pack where run = :run order by number")
                        .bind("run", run)
                        .map((row, context) -> made(row.getString("pixels"), row.getString("refusals")))
                        .list());
    }

    /// @return the pack that an earlier run made of the same files with the same settings
    public static Optional<DecodedPack> decoded(Handle sql, String decodeKey) {
        return sql.createQuery("select pixels, refusals from decoded_pack where decode_key = :key")
                .bind("key", decodeKey)
                .map((row, context) -> made(row.getString("pixels"), row.getString("refusals")))
                .findOne();
    }

    public static void saveDecoded(Handle sql, String decodeKey, DecodedPack made) {
        sql.createUpdate("""
                        insert into decoded_pack (decode_key, pixels, uri, refusals) values (:key, :pixels, :uri, :refusals)
                        on conflict (decode_key) do update
                            set pixels = excluded.pixels, uri = excluded.uri, refusals = excluded.refusals""")
                .bind("key", decodeKey)
                .bind("pixels", json(made.pixels()))
                .bind("uri", made.pixels().uri())
                .bind("refusals", json(made.refusals()))
                .execute();
    }

    /// Deletes the rows of a deleted run. Its decoded packs may be reused as long as they are in the store.
    public static void deleteRun(Handle sql, String run) {
        sql.createUpdate("delete from ingest_run where run = :run")
                .bind("run", run)
                .execute();
    }

    private static DecodedPack made(String pixels, String refusals) {
        return new DecodedPack(read(pixels, new TypeReference<ArtifactRef>() {}), read(refusals, REFUSALS));
    }

    private static String json(Object value) {
        try {
            return EventCodec.json().writeValueAsString(value);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static <T> T read(String json, TypeReference<T> type) {
        try {
            return EventCodec.json().readValue(json, type);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a stored value cannot be parsed: " + json, e);
        }
    }
}
