package io.peregrine.launcher.cli;

import io.peregrine.launcher.SystemCheck;
import io.peregrine.launcher.SystemCheck.Finding;
import io.peregrine.launcher.SystemCheck.Severity;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `doctor`: checks the machine before anything is started.
@Command(
        name = "doctor",
        description =
                "Check what this machine lacks, and what would make Peregrine faster; exit status 2 if a requirement is not met.")
final class DoctorCommand implements Callable<Integer> {
    @Mixin
    InstanceOptions instanceOptions;

    @Override
    public Integer call() {
        boolean runs = RunningInstance.find(instanceOptions.data()).isPresent();
        List<Finding> findings =
                SystemCheck.findings(instanceOptions.data(), runs ? null : instanceOptions.addresses());
        findings.forEach(finding -> System.out.println(line(finding)));
        return findings.stream().anyMatch(finding -> finding.severity() == Severity.LACKS) ? 2 : 0;
    }

    private static String line(Finding finding) {
        String mark = switch (finding.severity()) {
            case GOOD -> "ok";
            case BETTER_WITH -> "WARNING";
            case LACKS -> "MISSING";
        };
        String advice = finding.advice().isEmpty() ? "" : ": " + finding.advice();
        return "%-8s %-29s %s%s".formatted(mark, finding.what(), finding.found(), advice);
    }
}
