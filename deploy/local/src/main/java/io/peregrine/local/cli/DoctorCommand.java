package io.peregrine.local.cli;

import io.peregrine.local.Machine;
import io.peregrine.local.Machine.Finding;
import io.peregrine.local.Machine.Weight;
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
    Place place;

    @Override
    public Integer call() {
        boolean runs = RunningInstance.find(place.data()).isPresent();
        List<Finding> findings = Machine.findings(place.data(), runs ? null : place.addresses());
        findings.forEach(finding -> System.out.println(line(finding)));
        return findings.stream().anyMatch(finding -> finding.weight() == Weight.LACKS) ? 2 : 0;
    }

    private static String line(Finding finding) {
        String mark = switch (finding.weight()) {
            case GOOD -> "ok";
            case BETTER_WITH -> "without";
            case LACKS -> "LACKS";
        };
        String advice = finding.advice().isEmpty() ? "" : ": " + finding.advice();
        return "%-8s %-29s %s%s".formatted(mark, finding.what(), finding.found(), advice);
    }
}
