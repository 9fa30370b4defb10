package io.peregrine.endtoend.conventions;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Checks that only `libs/work` reads and writes its tables. Services call its public queries, so that a change
/// of a table stays in one module.
class TableOwnershipTest {
    private static final String OWNER = "libs/work/src/main";
    /// The simulator checks the tables of `libs/work` from outside, as tests do.
    private static final Set<String> EXEMPT = Set.of(OWNER, "simulator/src/main");

    private static final Pattern CREATE_OR_RENAME =
            Pattern.compile("(?m)^create table (\\w+)|^alter table (\\w+) rename to (\\w+)|^drop table (\\w+)");
    /// Texts such as "removed from quarantine" are SQL only in a source that has a statement.
    private static final Pattern STATEMENT =
            Pattern.compile("\\b(?:select|insert\\s+into|delete\\s+from|update\\s+\\w+\\s+set|truncate)\\b");
    /// Comments and character literals are matched too, so that a quote in one does not begin a string.
    private static final Pattern STRINGS = Pattern.compile(
            "(?s)//[^\n]*|/\\*.*?\\*/|'(?:[^'\\\\]|\\\\.)'|\"\"\"(.*?)\"\"\"|\"((?:[^\"\\\\]|\\\\.)*+)\"");

    @Test
    void onlyTheLibraryOfTheTablesHasSqlOnThem() {
        Pattern sql = sqlOn(tables());
        List<Path> sources = sources();
        assertThat(sources).hasSizeGreaterThan(200);
        assertThat(sources)
                .allSatisfy(source -> assertThat(statements(source, sql))
                        .as("%s: SQL on a table of libs/work; add a query to libs/work and call it", source)
                        .isEmpty());
    }

    @Test
    void tablesAreReadFromTheMigrations() {
        assertThat(tables())
                .contains(
                        "job", "outbox", "inbox", "ended_run", "run_turn", "needed", "artifact", "quarantine", "audit")
                .doesNotContain("artefact");
    }

    @Test
    void sqlIsFoundInEveryForm() {
        Pattern sql = sqlOn(Set.of("job", "outbox"));
        assertThat(List.of(
                        "select 1 from job",
                        "select 1 from run r, job j",
                        "select 1 from run\n join job on true",
                        "insert into outbox (id)",
                        "UPDATE job set x = 1",
                        "delete from run using job",
                        "truncate table balance.job"))
                .allSatisfy(text -> assertThat(text).containsPattern(sql));
        assertThat(List.of("select job from share", "select 1 from job_share", "the job of outbox"))
                .allSatisfy(text -> assertThat(text).doesNotContainPattern(sql));
        assertThat(strings("""
                // select "1 from job"
                char quote = '"'; x("select 1 " + "from " + "run", '\\"', "from \\"outbox");
                """)).isEqualTo("select 1 \nfrom \nrun\nfrom \\\"outbox");
    }

    private static Set<String> tables() {
        Set<String> tables = new TreeSet<>();
        for (Path migration : files(ProjectRoot.path().resolve(OWNER).resolve("resources/db/work"), ".sql")) {
            Matcher change = CREATE_OR_RENAME.matcher(text(migration));
            while (change.find()) {
                Stream.of(1, 3).map(change::group).filter(name -> name != null).forEach(tables::add);
                Stream.of(2, 4).map(change::group).filter(name -> name != null).forEach(tables::remove);
            }
        }
        return tables;
    }

    private static Pattern sqlOn(Set<String> tables) {
        return Pattern.compile("(?i)\\b(?:from|join|into|update|using|table|truncate)\\s+(?:only\\s+)?"
                + "(?:[\\w.]+(?:\\s+(?:as\\s+)?\\w+)?\\s*,\\s*)*(?:\\w+\\.)?(?:%s)\\b"
                        .formatted(String.join("|", tables)));
    }

    private static List<String> statements(Path source, Pattern sql) {
        String strings = strings(text(source));
        return STATEMENT.matcher(strings).find()
                ? sql.matcher(strings).results().map(MatchResult::group).toList()
                : List.of();
    }

    /// @return the string literals of a Java source, one a line, so that concatenated SQL is found too
    private static String strings(String java) {
        return STRINGS.matcher(java)
                .results()
                .flatMap(found -> Stream.of(1, 2).map(found::group).filter(text -> text != null))
                .collect(Collectors.joining("\n"));
    }

    private static List<Path> sources() {
        Path root = ProjectRoot.path();
        return files(root, ".java").stream()
                .filter(file -> file.toString().contains("/src/main/java/"))
                .filter(file -> EXEMPT.stream().noneMatch(folder -> file.startsWith(root.resolve(folder))))
                .toList();
    }

    /// @return in the order of their names, which for Flyway's migrations is not always that of their versions
    private static List<Path> files(Path folder, String ending) {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(file -> file.toString().endsWith(ending)).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
