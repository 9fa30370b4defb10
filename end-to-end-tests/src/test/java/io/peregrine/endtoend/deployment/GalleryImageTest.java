package io.peregrine.endtoend.deployment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.endtoend.Yaml;
import io.peregrine.platform.JvmOptions;
import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The image that paints the demo's gallery contains every class that it needs. The test copies the files that
/// the Dockerfile's stage `gallery` copies, and runs the stage's entry point on them, without Docker.
class GalleryImageTest {
    private static final Pattern STAGE = Pattern.compile("(?ms)^FROM base AS gallery$(.*?)^FROM ");
    private static final Pattern COPY = Pattern.compile("(?m)^COPY --from=jars (.+) (\\S+)$");
    private static final Pattern ENTRY_POINT = Pattern.compile("(?m)^ENTRYPOINT (\\[.+])$");

    @TempDir
    Path folder;

    @Test
    void theCopiedLibrariesSufficeToPaint() throws Exception {
        String stage = stage();
        Path image = Files.createDirectories(folder.resolve("opt/peregrine"));
        copies(stage, image);
        Path gallery = folder.resolve("gallery");
        List<String> command = entryPoint(stage);
        command.addAll(List.of(gallery.toString(), "--side", "16", "--divisor", "1000"));

        Path log = folder.resolve("log");
        Process painter = new ProcessBuilder(command)
                .directory(image.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean hasEnded = painter.waitFor(2, TimeUnit.MINUTES);
        painter.destroyForcibly();

        String output = Files.readString(log, UTF_8);
        assertThat(hasEnded).as(output).isTrue();
        assertThat(painter.exitValue()).as(output).isZero();
        try (Stream<Path> styles = Files.list(gallery.resolve("train"))) {
            assertThat(styles).hasSize(27);
        }
    }

    private static String stage() throws IOException {
        String file = Files.readString(ProjectRoot.path().resolve("deploy/compose/Dockerfile"));
        Matcher stage = STAGE.matcher(file.replaceAll("\\\\\n\\s*", ""));
        assertThat(stage.find()).as("the Dockerfile has a stage 'gallery'").isTrue();
        return stage.group(1);
    }

    private static void copies(String stage, Path image) throws IOException {
        Matcher copy = COPY.matcher(stage);
        while (copy.find()) {
            Path target = image.resolve(copy.group(2)).normalize();
            for (String source : copy.group(1).split(" ")) {
                assertThat(source).startsWith("/jars/launcher/");
                Path path = ProjectRoot.path().resolve("launcher/target" + source.substring("/jars/launcher".length()));
                if (Files.isDirectory(path)) {
                    copyFolder(path, target);
                } else {
                    copyFiles(path, Files.createDirectories(target));
                }
            }
        }
    }

    private static void copyFolder(Path folder, Path target) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.toList()) {
                Files.copy(path, target.resolve(folder.relativize(path)));
            }
        }
    }

    /// @param pattern a file, or a pattern of files such as `picocli-*.jar`
    private static void copyFiles(Path pattern, Path target) throws IOException {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(
                pattern.getParent(), pattern.getFileName().toString())) {
            files.forEach(found::add);
        }
        assertThat(found)
                .as("files that match %s; ./peregrine builds them", pattern)
                .isNotEmpty();
        for (Path file : found) {
            Files.copy(file, target.resolve(file.getFileName()));
        }
    }

    private static List<String> entryPoint(String stage) {
        Matcher entryPoint = ENTRY_POINT.matcher(stage);
        assertThat(entryPoint.find()).as("the stage has an ENTRYPOINT").isTrue();
        List<String> words = new ArrayList<>();
        for (JsonNode word : Yaml.documents(entryPoint.group(1)).getFirst()) {
            words.add(word.asText()
                    .replace("@/opt/peregrine", "@" + ProjectRoot.path().resolve("deploy")));
        }
        assertThat(words).first().isEqualTo("java");
        words.set(0, JvmOptions.java());
        return words;
    }
}
