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
            "Also: ./peregrine verify runs every check and test; verify --slow those of minutes too, verify --golden DIR"
                    + " only the golden ones.",
            "./peregrine bench balance compares with imbalanced-learn, bench train with PyTorch, bench networks with the"
                    + " report's; --help after each tells more.",
            "./peregrine chaos disturbs services, broker, database and disk for ten minutes, and compares what comes out;"
                    + " --help after it tells more. accept goes through what the pipeline promises, line by line.",
            "./peregrine simulate runs schedules of faults on the services' own code; --help after it tells more."
        })
public final class Peregrine {
    // Inherited, so that each command tells of itself.
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

    /// @return whose exit status is 0: done; 1: the run failed; 2: something that a person can put right, said in
    ///     one sentence
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
