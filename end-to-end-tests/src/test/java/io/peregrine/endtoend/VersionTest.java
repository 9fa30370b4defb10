package io.peregrine.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The POM has the version. Files that cannot read it have the same one.
class VersionTest {
    @TempDir
    Path folder;

    private static String version() throws IOException {
        Matcher version = Pattern.compile("<version>([^<]+)</version>")
                .matcher(Files.readString(ProjectRoot.path().resolve("pom.xml")));
        assertThat(version.find()).isTrue();
        return version.group(1);
    }

    @Test
    void theCommandPrintsIt() throws Exception {
        assertThat(CommandLine.run(folder.resolve("log"), Duration.ofSeconds(30), "--version"))
                .isEqualTo(new CommandLine.Answer(0, "Peregrine " + version()));
    }

    @Test
    void theImagesAreLabelledWithIt() throws IOException {
        assertThat(ProjectRoot.path().resolve("deploy/compose/Dockerfile"))
                .content()
                .contains("LABEL org.opencontainers.image.version=" + version() + "\n");
    }

    @Test
    void theManifestsAreOfItsImages() throws IOException {
        JsonNode images = Yaml.documents(ProjectRoot.path().resolve("deploy/kubernetes/base/kustomization.yaml"))
                .getFirst()
                .path("images");
        assertThat(images)
                .hasSize(4)
                .allSatisfy(image -> assertThat(image.path("newTag").asText()).isEqualTo(version()));
    }
}
