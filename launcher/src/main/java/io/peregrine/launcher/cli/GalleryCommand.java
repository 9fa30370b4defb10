package io.peregrine.launcher.cli;

import io.peregrine.gallery.Gallery;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `gallery`: paints only the demo's images. It is also the main class of the container image that paints them,
/// whose class path has neither broker nor database.
@Command(name = "gallery", description = "Paint the demo's gallery into a folder: 27 styles, as imbalanced as WikiArt.")
public final class GalleryCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FOLDER", description = "target folder; existing paintings in it are kept")
    private Path folder;

    @Option(names = "--side", paramLabel = "N", description = "pixels along each side (default: ${DEFAULT-VALUE})")
    private int side = 64;

    @Option(
            names = "--divisor",
            paramLabel = "N",
            description =
                    "a style has one training image for each N of WikiArt's, and at least 8 (default: ${DEFAULT-VALUE})")
    private double divisor = Gallery.Plan.demo(64).divisor();

    @Option(names = "--no-errors", description = "no painting is filed under another style or twice")
    private boolean hasNoErrors;

    @Option(
            names = "--train",
            paramLabel = "STYLE=COUNT",
            description = "only training images, and COUNT of this style; may be given several times")
    private Map<String, Integer> train = Map.of();

    @Spec
    private CommandSpec command;

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new GalleryCommand()).execute(arguments));
    }

    @Override
    public Integer call() {
        Gallery.Plan plan =
                new Gallery.Plan(side, divisor, Gallery.Plan.demo(side).seed(), !hasNoErrors);
        System.out.println("%,d paintings in %s".formatted(paint(plan), folder));
        return 0;
    }

    private int paint(Gallery.Plan plan) {
        if (train.isEmpty()) {
            return Gallery.write(folder, plan);
        }
        try {
            return Gallery.writeTraining(folder, plan, train);
        } catch (IllegalArgumentException unknownStyle) {
            throw new ParameterException(command.commandLine(), unknownStyle.getMessage());
        }
    }
}
