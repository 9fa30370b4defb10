package io.peregrine.ingest.dataset;

import io.peregrine.events.FailureException;
import io.peregrine.ingest.findings.Finding;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.ingest.findings.Findings;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/// Walks through the folders of a dataset. It opens only folders below the roots. It skips and records names that
/// begin with a dot, `__MACOSX`, and files whose names cannot be decoded.
///
/// A link to a folder is followed if its target is below the roots and the target is not one of its own parents.
final class FolderWalk {
    private static final boolean NAMES_ARE_UTF8 = "UTF-8".equals(System.getProperty("sun.jnu.encoding"));

    private final Path root;
    private final AllowedRoots roots;
    private final Set<String> hidden = new TreeSet<>(Listing::byCodePoint);
    private final Set<String> unreadable = new TreeSet<>(Listing::byCodePoint);

    /// @param root resolved by [AllowedRoots#resolve]
    FolderWalk(Path root, AllowedRoots roots) {
        this.root = root;
        this.roots = roots;
    }

    AllowedRoots roots() {
        return roots;
    }

    List<Path> foldersIn(Path folder) {
        return entries(folder).stream().filter(Files::isDirectory).toList();
    }

    /// @return files directly in the folder, of any kind, including pipes and links
    List<Path> filesIn(Path folder) {
        return entries(folder).stream()
                .filter(entry -> !Files.isDirectory(entry))
                .toList();
    }

    /// @param each called with every file in the folder and its subfolders, of any kind, including pipes and
    ///     links
    void files(Path folder, Consumer<Path> each) {
        files(folder, Set.of(), each);
    }

    private void files(Path folder, Set<Path> above, Consumer<Path> each) {
        Path real = real(folder);
        if (above.contains(real)) {
            throw FailureException.input(
                    "LINK_LOOP",
                    "the folder %s is a link to one of its own parent folders; remove it"
                            .formatted(root.relativize(folder)));
        }
        Set<Path> here = new HashSet<>(above);
        here.add(real);
        for (Path entry : entries(folder)) {
            if (Files.isDirectory(entry)) {
                files(entry, here, each);
            } else {
                each.accept(entry);
            }
        }
    }

    /// @return what was skipped so far
    Findings skipped() {
        Findings.Collector skipped = new Findings.Collector();
        hidden.forEach(file -> skipped.add(Finding.named(FindingKind.HIDDEN, List.of(file))));
        unreadable.forEach(file -> skipped.add(Finding.named(FindingKind.NAME_NOT_UTF8, List.of(file))));
        return skipped.all();
    }

    private List<Path> entries(Path folder) {
        if (!roots.contains(real(folder))) {
            throw FailureException.input(
                    "LINK_OUTSIDE_ROOTS",
                    "the folder %s is a link that leads out of the configured roots; it was not opened"
                            .formatted(root.relativize(folder)));
        }
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
            for (Path entry : all) {
                String name = entry.getFileName().toString();
                String file = root.relativize(entry).toString();
                if (name.startsWith(".") || name.equals("__MACOSX")) {
                    hidden.add(file);
                } else if (name.indexOf('\uFFFD') < 0) {
                    entries.add(entry);
                } else {
                    rejectUnlessSingleFile(entry, file);
                    unreadable.add(file);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            throw unreadable(folder, e);
        }
        entries.sort(Comparator.comparing(entry -> entry.getFileName().toString(), Listing::byCodePoint));
        return entries;
    }

    /// A single file with such a name is skipped with a finding. Skipping a whole folder, or every name that is
    /// not ASCII, would lose too much; therefore these fail the run.
    private static void rejectUnlessSingleFile(Path entry, String file) {
        if (!NAMES_ARE_UTF8) {
            throw FailureException.input(
                    "NAME_NOT_UTF8",
                    "the name of %s cannot be read: this service runs without a UTF-8 locale; start it with LC_ALL=C.UTF-8"
                            .formatted(file));
        }
        if (Files.isDirectory(entry)) {
            throw FailureException.input(
                    "NAME_NOT_UTF8", "the name of the folder %s is not UTF-8; rename the folder".formatted(file));
        }
    }

    private Path real(Path folder) {
        try {
            return folder.toRealPath();
        } catch (IOException e) {
            throw unreadable(folder, e);
        }
    }

    private FailureException unreadable(Path folder, Exception why) {
        return FailureException.input(
                "FOLDER_UNREADABLE",
                "the folder %s cannot be read (%s); make it readable".formatted(root.relativize(folder), why));
    }
}
