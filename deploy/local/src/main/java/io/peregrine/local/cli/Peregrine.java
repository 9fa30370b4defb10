package io.peregrine.local.cli;

import io.peregrine.local.RefusedException;
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
        version = "Peregrine 0.1.0",
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
                    + " against the report's networks; each has --help.",
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
        System.exit(commandLine().execute(arguments));
    }

    /// @return the command line; exit status 0: success; 1: the run failed; 2: an error that the user can fix,
    ///     printed as one message
    static CommandLine commandLine() {
        return new CommandLine(new Peregrine()).setExecutionExceptionHandler((error, command, parsed) -> {
            if (error instanceof RefusedException refusal) {
                command.getErr().println(refusal.getMessage());
                return 2;
            }
            throw error;
        });
    }
}
