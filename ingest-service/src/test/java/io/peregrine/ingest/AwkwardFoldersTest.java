package io.peregrine.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.ImageRef;
import io.peregrine.events.PipelineEvent.ImageRejected;
import io.peregrine.events.PipelineEvent.ImagesIngested;
import io.peregrine.events.PipelineEvent.RunFailed;
import io.peregrine.testkit.LocalPlatform;
import io.peregrine.testkit.WithKafka;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Real-world folders, through the whole service.
@QuarkusTest
@QuarkusTestResource(value = LocalPlatform.class, initArgs = @ResourceArg(name = "service", value = "ingest"))
class AwkwardFoldersTest extends WithKafka {
    @ConfigProperty(name = "peregrine.roots")
    String roots;

    @Inject
    ArtifactStore store;

    private Folder folder;

    @BeforeEach
    void makeFolder() throws IOException {
        // The path of a Unix socket is limited to 107 bytes.
        folder = new Folder(Files.createTempDirectory(Path.of(roots), "g"));
    }

    /// A file name has at most 255 bytes.
    @Test
    void everyValidFileNameIsPreserved() throws Exception {
        List<String> names = List.of(
                " leading and trailing ",
                "'single' \"double\" `back` \\ % ; -- & <b> ${x} {{y}}",
                "two\nlines\r\ttabs",
                "\u0001\u001b[31m\u007f",
                "\ud83c\udfa8 \ud83d\udc69\u200d\ud83c\udfa8",
                "\u202egpj.txet",
                "\u0416\u4e2d\u0627",
                "\u00e9".repeat(125));
        for (String name : names) {
            folder.image(name + "/" + name + ".jpg");
        }
        folder.image(names.getFirst() + "/" + "n".repeat(251) + ".jpg").image("y".repeat(255) + "/1.jpg");

        String run = kafka.publish(ready());
        DatasetSealed sealed = kafka.await(run, DatasetSealed.class);

        Manifest manifest = Manifest.open(store, sealed.manifest());
        assertThat(sealed.refused()).isZero();
        assertThat(manifest.classes())
                .hasSize(names.size() + 1)
                .containsAll(names)
                .contains("y".repeat(255));
        assertThat(sealed.classes()).isEqualTo(manifest.classes().size());
        for (String name : names) {
            assertThat(kafka.of(run, ImagesIngested.class))
                    .filteredOn(event -> event.label().equals(name))
                    .flatExtracting(ImagesIngested::images)
                    .extracting(ImageRef::source)
                    .contains(name + ".jpg");
        }
        assertThat(IntStream.range(0, manifest.rows()).mapToObj(manifest::path)).contains("n".repeat(251) + ".jpg");
    }

    @Test
    void pipesAndSocketsAreRejectedWithoutBlocking() throws Exception {
        folder.image("a/1.jpg");
        assertThat(new ProcessBuilder("mkfifo", folder.root().resolve("a/2.jpg").toString())
                        .start()
                        .waitFor())
                .isZero();
        try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.bind(UnixDomainSocketAddress.of(folder.root().resolve("a/3.jpg")));

            String run = kafka.publish(ready());

            assertThat(kafka.await(run, DatasetSealed.class).images()).isEqualTo(1);
            assertThat(kafka.of(run, ImageRejected.class).stream().sorted(Comparator.comparing(ImageRejected::row)))
                    .extracting(ImageRejected::source, ImageRejected::reason)
                    .containsExactly(tuple("2.jpg", "NOT_A_FILE"), tuple("3.jpg", "NOT_A_FILE"));
        }
    }

    @Test
    void metadataDefineTheClassesAndTheirOtherColumnsAreInTheManifest() throws Exception {
        folder.image("1.jpg").image("2.jpg");
        metadata("1.jpg,3,Gris\n2.jpg,12,\"Juan \ud83c\udfa8\"\n");
        String run = kafka.publish(ready());
        DatasetSealed sealed = kafka.await(run, DatasetSealed.class);

        Manifest manifest = Manifest.open(store, sealed.manifest());
        assertThat(manifest.classes()).containsExactly("12", "3");
        assertThat(manifest.path(0)).isEqualTo("2.jpg");
        assertThat(manifest.metadata(0).get("artist").textValue()).isEqualTo("Juan \ud83c\udfa8");

        DatasetSealed again = kafka.await(kafka.publish(ready()), DatasetSealed.class);
        assertThat(again.manifest()).isEqualTo(sealed.manifest());
        metadata("1.jpg,3,Gris\n2.jpg,12,Juan\n");
        DatasetSealed other = kafka.await(kafka.publish(ready()), DatasetSealed.class);
        assertThat(other.manifest().json()).isNotEqualTo(sealed.manifest().json());
        assertThat(other.manifest().tensors()).isEqualTo(sealed.manifest().tensors());

        metadata("1.jpg,3,Gris\n../2.jpg,12,Juan\n");
        RunFailed failed = kafka.await(kafka.publish(ready()), RunFailed.class);
        assertThat(failed.reason()).isEqualTo("METADATA_PATH_OUTSIDE");
        assertThat(failed.detail()).contains("line 3 of metadata.csv", "../2.jpg");
    }

    private void metadata(String lines) throws IOException {
        folder.bytes("metadata.csv", ("file_name,label,artist\n" + lines).getBytes(StandardCharsets.UTF_8));
    }

    private String ready() throws IOException {
        return EventCodec.json()
                .writeValueAsString(Map.of(
                        "dataset", "awkward",
                        "uri", folder.uri(),
                        "image", Map.of("side", 16),
                        "split", Map.of("test", 0)));
    }
}
