package io.peregrine.ingest.dataset;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.events.FailureException;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec.SplitSpec;
import io.peregrine.ingest.Folder;
import io.peregrine.ingest.findings.Finding;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.parallel.WorkerPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// Base class of tests that list a small dataset folder without drawing splits.
abstract class WithDatasetFolder {
    @TempDir
    Path root;

    private final WorkerPool workers = new WorkerPool("test", 2);
    Folder folder;

    @BeforeEach
    void makeFolder() throws IOException {
        folder = new Folder(Files.createDirectory(root.resolve("gallery")));
    }

    @AfterEach
    void closePool() {
        workers.close();
    }

    /// Writes unique images `0.jpg`, `1.jpg` … into a folder.
    final void images(String path, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            folder.image(path + "/" + i + ".jpg");
        }
    }

    final void text(String path, String content) throws IOException {
        folder.bytes(path, content.getBytes(UTF_8));
    }

    final Listing listing() throws InterruptedException {
        return listing((done, of) -> {});
    }

    final Listing listing(Listing.ProgressListener between) throws InterruptedException {
        AllowedRoots roots = new AllowedRoots(List.of(root));
        return Listing.of(roots.resolve(folder.uri()), roots, new SplitSpec(0, 0, 42), workers, between);
    }

    final FailureException failure() {
        FailureException failure = catchThrowableOfType(FailureException.class, this::listing);
        assertThat(failure).as("the dataset should be refused").isNotNull();
        return failure;
    }

    /// @return number of images of each split
    static Map<Split, Long> splits(Listing listing) {
        return listing.rows().stream()
                .collect(Collectors.groupingBy(Listing.Row::split, TreeMap::new, Collectors.counting()));
    }

    static List<Finding> findings(Listing listing, FindingKind kind) {
        return listing.findings().kept().stream()
                .filter(finding -> finding.kind() == kind)
                .toList();
    }
}
