package io.peregrine.local.cli;

import io.peregrine.local.SystemCheck;
import io.peregrine.local.SystemCheck.Finding;
import io.peregrine.local.SystemCheck.Severity;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Tells before anything starts what would stop it.
@Command(
        name = "doctor",
        description =
                "Tell what this machine lacks, and what it would be faster with; exit status 2 if it lacks anything.")
final class DoctorCommand implements Callable<Integer> {
    @Mixin
    InstanceOptions place;

    @Override
    public Integer call() {
        boolean runs = RunningInstance.find(place.data()).isPresent();
        List<Finding> findings = SystemCheck.findings(place.data(), runs ? null : place.addresses());
        findings.forEach(finding -> System.out.println(line(finding)));
        return findings.stream().anyMatch(finding -> finding.severity() == Severity.LACKS) ? 2 : 0;
    }

    private static String line(Finding finding) {
        String mark = switch (finding.severity()) {
            case GOOD -> "ok";
            case BETTER_WITH -> "without";
            case LACKS -> "LACKS";
        };
        String advice = finding.advice().isEmpty() ? "" : ": " + finding.advice();
        return "%-8s %-29s %s%s".formatted(mark, finding.what(), finding.found(), advice);
    }
}
