package io.peregrine.cluster.postgres;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// Number of images of each class of a run, by split: the table `class`, which is derived from the table `image`.
final class ClassRows {
    private ClassRows() {}

    /// @param place index of the class, in label order
    record Row(int place, String label, long train, long test, long validation, long refused) {}

    /// Counts once the dataset is sealed and all listed files have arrived, in any order. Label order is by code
    /// points, which is also the order of UTF-8 bytes.
    static void countIfAllArrived(Handle sql, String run) {
        Optional<Long> listed = sql.createQuery(
                        "select images + refused from run where id = :run and images is not null")
                .bind("run", run)
                .mapTo(Long.class)
                .findOne();
        if (listed.isEmpty()) {
            return;
        }
        sql.createUpdate("""
                        insert into class (run, label, place, train, test, validation, refused)
                        select run, label, row_number() over (order by label collate "C") - 1,
                            count(*) filter (where reason is null and split = 'train'),
                            count(*) filter (where reason is null and split = 'test'),
                            count(*) filter (where reason is null and split = 'validation'),
                            count(*) filter (where reason is not null)
                        from image where run = :run and (select count(*) from image where run = :run) = :listed
                        group by run, label
                        on conflict (run, label) do update set place = excluded.place, train = excluded.train,
                            test = excluded.test, validation = excluded.validation, refused = excluded.refused""").bind("run", run).bind("listed", listed.get()).execute();
    }

    /// @param after place of the last class of the previous page; -1 for the first page
    /// @return classes in label order; empty before all images have arrived
    static List<Row> page(Handle sql, String run, long after, int limit) {
        return sql.createQuery("select * from class where run = :run and place > :after order by place limit :limit")
                .bind("run", run)
                .bind("after", after)
                .bind("limit", limit)
                .map((rs, context) -> new Row(
                        rs.getInt("place"),
                        rs.getString("label"),
                        rs.getLong("train"),
                        rs.getLong("test"),
                        rs.getLong("validation"),
                        rs.getLong("refused")))
                .list();
    }
}
