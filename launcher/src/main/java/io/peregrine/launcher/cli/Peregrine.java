package io.peregrine.launcher.cli;

import io.peregrine.platform.RefusedException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/// The `peregrine` command.
@Command(
        name = "peregrine",
        description =
                "Turns a folder of labelled, badly imbalanced images into a balanced training set, trained networks"
                        + " and a map of clusters.",
        versionProvider = Version.class,
        subcommands = {
            RunCommands.Demo.class,
            RunCommands.Run.class,
            UpCommands.Up.class,
            UpCommands.Down.class,
            QueryCommands.Publish.class,
            QueryCommands.Status.class,
            QueryCommands.Cancel.class,
            MaintenanceCommands.Delete.class,
            MaintenanceCommands.Prune.class,
            MaintenanceCommands.Fsck.class,
            QuarantineCommands.Quarantine.class,
            QuarantineCommands.Audit.class,
            GalleryCommand.class,
            DatasetCommands.Samples.class,
            DatasetCommands.Export.class,
            CompareCommand.class,
            DoctorCommand.class
        },
        footer = {
            "",
            "Also: ./peregrine verify runs all checks and tests except the slow ones; verify --slow includes those,"
                    + " verify --golden DIR runs only the golden tests.",
            "./peregrine test MODULE [TEST] runs the tests of one module, or one of them; ./peregrine format formats the code.",
            "./peregrine bench balance measures against imbalanced-learn, bench train against PyTorch, bench networks"
                    + " against the report's networks; bench decode compares odd image files with Pillow; each has --help.",
            "./peregrine chaos injects faults into services, broker, database and disk for ten minutes and compares the"
                    + " results; see its --help. accept runs the acceptance checks of the pipeline, one by one.",
            "./peregrine simulate runs schedules of faults on the services' own code; see its --help."
        })
public final class Peregrine {
    // Inherited, so that each command has --help.
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "show this help")
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "print the version")
    private boolean version;

    public static void main(String[] arguments) {
        requireReadable(arguments);
        System.exit(commandLine().execute(arguments));
    }

    /// Java decodes arguments with the locale's encoding. Outside UTF-8 another path would be read than was
    /// given.
    private static void requireReadable(String[] arguments) {
        boolean isUtf8 = "UTF-8".equalsIgnoreCase(System.getProperty("sun.jnu.encoding"));
        boolean isAscii = Stream.of(arguments).allMatch(StandardCharsets.US_ASCII.newEncoder()::canEncode);
        if (!isUtf8 && !isAscii) {
            System.err.println(
                    "An argument has characters that the locale's encoding (%s) cannot represent. Start ./peregrine, which selects UTF-8, or set LC_ALL=C.UTF-8."
                            .formatted(System.getProperty("sun.jnu.encoding")));
            System.exit(2);
        }
    }

    /// @return the command line; exit status 0: success; 1: the run failed; 2: an error that the user can fix,
    ///     printed as one message
    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Peregrine());
        // A folder's name may begin with @.
        line.setExpandAtFiles(false);
        return line.setExecutionExceptionHandler((error, command, parsed) -> {
            if (error instanceof RefusedException refusal) {
                command.getErr().println(refusal.getMessage());
                return 2;
            }
            throw error;
        });
    }
}
