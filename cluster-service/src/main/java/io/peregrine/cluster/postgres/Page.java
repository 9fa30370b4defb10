package io.peregrine.cluster.postgres;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.function.Function;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/// Part of a list.
///
/// @param nextCursor for the next page; null on the last one
@JsonInclude(JsonInclude.Include.ALWAYS)
public record Page<T>(
        List<T> items,

        @Schema(description = "Value of ?cursor= for the next page; null on the last page", nullable = true)
        String nextCursor) {

    /// @param rows one more than the page holds, if there are more
    static <T> Page<T> of(List<T> rows, int limit, Function<T, Cursor> after) {
        boolean more = rows.size() > limit;
        List<T> items = more ? List.copyOf(rows.subList(0, limit)) : List.copyOf(rows);
        return new Page<>(items, more ? after.apply(items.getLast()).text() : null);
    }
}
