package io.peregrine.launcher.cli;

import io.peregrine.gallery.Gallery;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `gallery`: paints only the demo's images. It is also the main class of the container image that paints them,
/// whose class path has neither broker nor database.
@Command(name = "gallery", description = "Paint the demo's gallery into a folder: 27 styles, as imbalanced as WikiArt.")
public final class GalleryCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FOLDER", description = "target folder; existing paintings in it are kept")
    private Path folder;

    @Option(names = "--side", paramLabel = "N", description = "pixels along each side (default: ${DEFAULT-VALUE})")
    private int side = 64;

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new GalleryCommand()).execute(arguments));
    }

    @Override
    public Integer call() {
        int paintings = Gallery.write(folder, Gallery.Plan.demo(side));
        System.out.println("%,d paintings in 27 styles in %s".formatted(paintings, folder));
        return 0;
    }
}
