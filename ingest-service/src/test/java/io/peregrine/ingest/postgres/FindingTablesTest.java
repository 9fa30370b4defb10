package io.peregrine.ingest.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.ingest.findings.Finding;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.ingest.findings.Findings;
import io.peregrine.platform.LocalPostgres;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.flywaydb.core.Flyway;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FindingTablesTest {
    @TempDir
    Path folder;

    @Test
    void findingsAreReadAsTheyWereSealedAndTheirCountsAreAdded() {
        List<Finding> findings = List.of(
                unlisted(".heic", 24, "convert them to JPEG or PNG"),
                unlisted(".txt", 2, "remove other files"),
                new Finding(FindingKind.HIDDEN, List.of(), List.of(".x"), 1, null, null, null));
        try (LocalPostgres postgres = LocalPostgres.start(folder.resolve("postgres"), 0)) {
            Flyway.configure()
                    .dataSource(postgres.url(), "ingest", postgres.password("ingest"))
                    .locations("db/work", "db/ingest")
                    .placeholders(Map.of("kinds", "none"))
                    .load()
                    .migrate();
            Jdbi.create(postgres.url(), "ingest", postgres.password("ingest")).useHandle(sql -> {
                sql.execute("insert into ingest_run (run, dataset) values ('one', 'd'), ('other', 'd')");
                FindingTables.seal(
                        sql,
                        "one",
                        new Findings(Map.of(FindingKind.UNLISTED_EXTENSION, 2L, FindingKind.HIDDEN, 1_005L), findings));
                FindingTables.seal(
                        sql,
                        "other",
                        new Findings(Map.of(FindingKind.UNLISTED_EXTENSION, 1L), List.of(unlisted(".db", 7, "x"))));

                assertThat(FindingTables.totals(sql, "one"))
                        .isEqualTo(Map.of(
                                FindingKind.UNLISTED_EXTENSION, new FindingTables.Total(2, 26),
                                FindingKind.HIDDEN, new FindingTables.Total(1_005, 1)));
                assertThat(FindingTables.page(sql, "one", null, -1, 10))
                        .extracting(FindingTables.Placed::finding)
                        .isEqualTo(findings);
            });
        }
    }

    private static Finding unlisted(String extension, long count, String remedy) {
        return new Finding(
                FindingKind.UNLISTED_EXTENSION,
                List.of(),
                List.of("a/1" + extension),
                count,
                null,
                "%d files have the extension %s".formatted(count, extension),
                remedy);
    }
}
