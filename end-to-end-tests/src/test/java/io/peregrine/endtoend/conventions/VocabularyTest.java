package io.peregrine.endtoend.conventions;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// One name for one thing: words that were replaced do not come back. `docs/glossary.md` defines the terms.
class VocabularyTest {
    /// Regular expression of what is not written any more, and what is written instead.
    private static final Map<String, String> REPLACED = new LinkedHashMap<>();

    static {
        REPLACED.put("(?i)(?<!__)artefact", "artifact");
        REPLACED.put("(?i)\\bcures?\\b", "remedy");
        REPLACED.put("(?i)\\bbugs? of ours\\b", "internal error");
        REPLACED.put("(?i)\\bwhoever\\b", "the subject's name, such as 'the worker' or 'the caller'");
        REPLACED.put("(?i)\\bfor want of\\b", "because … is missing");
        REPLACED.put("(?i)\\bhears?\\b", "receive");
        REPLACED.put("_GOES_ON\\b|-goes-on\\b", "RUN_STILL_RUNNING, PRUNE_IN_PROGRESS");
        REPLACED.put("_AWAY\\b", "…_UNAVAILABLE");
        REPLACED.put("\\bINIT_(NOT_FOUND|UNREADABLE|MISMATCH)\\b", "INITIAL_WEIGHTS_…");
        REPLACED.put("--coverage\\b", "--base-sampling");
        REPLACED.put("--ports[ =]usual\\b", "--ports default");
    }

    private static final List<String> ENDINGS = List.of(
            ".java", ".md", ".yaml", ".yml", ".json", ".properties", ".py", ".sh", ".xml", ".html", ".js", ".css");
    /// Generated or fetched files, those that state what a name was before, and tests of tables before their
    /// renaming.
    private static final Pattern SKIPPED = Pattern.compile(
            "(^|/)(target|\\.git|\\.venv[^/]*|node_modules|golden)(/|$)|CHANGELOG\\.md$|(Vocabulary|TableOwnership|CheckpointTable)Test");

    @Test
    void replacedWordsDoNotComeBack() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : files()) {
            String text = text(file);
            REPLACED.forEach((word, instead) -> {
                Matcher match = Pattern.compile(word).matcher(text);
                if (match.find()) {
                    long line = text.substring(0, match.start()).lines().count();
                    found.add("%s:%d: '%s'; write '%s'"
                            .formatted(ProjectRoot.path().relativize(file), line, match.group(), instead));
                }
            });
        }
        assertThat(found).isEmpty();
    }

    private static List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(ProjectRoot.path())) {
            return all.filter(path -> ENDINGS.stream().anyMatch(path.toString()::endsWith))
                    .filter(path -> !SKIPPED.matcher(
                                    ProjectRoot.path().relativize(path).toString())
                            .find())
                    .filter(Files::isRegularFile)
                    .toList();
        }
    }

    private static String text(Path file) throws IOException {
        try {
            return Files.readString(file);
        } catch (MalformedInputException e) {
            throw new IOException(file + " is not UTF-8", e);
        }
    }
}
