package io.peregrine.endtoend.conventions;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Dependency rules between packages; docs/architecture.md explains each.
class ArchitectureTest {
    /// Classes of the simulator are in the packages of the services whose code it runs.
    private static final List<String> MODULES = modules().stream()
            .filter(module -> !module.equals("simulator"))
            .filter(module ->
                    Files.isDirectory(ProjectRoot.path().resolve(module).resolve("src/main/java")))
            .toList();
    /// More arrows between packages than a reader can follow in a drawing.
    private static final int TOO_MANY_ARROWS = 60;
    private static final String[] FRAMEWORKS = {
        "io.quarkus..",
        "jakarta..",
        "io.smallrye..",
        "org.eclipse.microprofile..",
        "org.apache.kafka..",
        "org.jdbi..",
        "java.sql..",
        "io.micrometer.."
    };

    private static JavaClasses classes;

    @BeforeAll
    static void importEveryModule() {
        classes = imported(MODULES);
        assertThat(Stream.of(
                        "ingest", "balance", "trainer", "cluster", "work.jobs", "vision.nn", "platform", "launcher"))
                .allSatisfy(name -> assertThat(classes.stream().map(JavaClass::getPackageName))
                        .contains("io.peregrine." + name));
    }

    @Test
    void servicesNeverImportEachOther() {
        List<String> services = List.of("ingest", "balance", "trainer", "cluster");
        for (String service : services) {
            String[] others = services.stream()
                    .filter(other -> !other.equals(service))
                    .map(other -> "io.peregrine." + other + "..")
                    .toArray(String[]::new);
            noClasses()
                    .that()
                    .resideInAPackage("io.peregrine." + service + "..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(others)
                    .because("services communicate only through events")
                    .check(classes);
        }
    }

    @Test
    void coresDoNotDependOnFrameworks() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "io.peregrine.ingest.dataset..",
                        "io.peregrine.ingest.findings..",
                        "io.peregrine.ingest.format..",
                        "io.peregrine.ingest.image..",
                        "io.peregrine.ingest.pack..",
                        "io.peregrine.balance.neighbours..",
                        "io.peregrine.balance.smote..",
                        "io.peregrine.trainer.run..",
                        "io.peregrine.cluster.analysis..",
                        "io.peregrine.cluster.chart..",
                        "io.peregrine.charts..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(FRAMEWORKS)
                .because("a test creates a core with its constructor, without a framework")
                .check(classes);
    }

    @Test
    void onlyFlowsDependOnKafka() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "io.peregrine.ingest..",
                        "io.peregrine.balance..",
                        "io.peregrine.trainer..",
                        "io.peregrine.cluster..")
                .and()
                .haveSimpleNameNotEndingWith("Flow")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.kafka..", "org.eclipse.microprofile.reactive.messaging..")
                .because("a service consumes Kafka records only in its flow")
                .check(classes);
    }

    @Test
    void librariesDoNotDependOnServicesAndOnlyVisionDependsOnPyTorch() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "io.peregrine.random..",
                        "io.peregrine.parallel..",
                        "io.peregrine.events..",
                        "io.peregrine.artifacts..",
                        "io.peregrine.charts..",
                        "io.peregrine.work..",
                        "io.peregrine.rest..",
                        "io.peregrine.vision..",
                        "io.peregrine.platform..",
                        "io.peregrine.gallery..",
                        "io.peregrine.testkit..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.peregrine.ingest..",
                        "io.peregrine.balance..",
                        "io.peregrine.trainer..",
                        "io.peregrine.cluster..",
                        "io.peregrine.launcher..")
                .check(classes);
        noClasses()
                .that()
                .resideInAnyPackage(
                        "io.peregrine.random..",
                        "io.peregrine.parallel..",
                        "io.peregrine.events..",
                        "io.peregrine.artifacts..",
                        "io.peregrine.charts..",
                        "io.peregrine.work..",
                        "io.peregrine.rest..",
                        "io.peregrine.ingest..",
                        "io.peregrine.launcher..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.djl..")
                .because("256 MB of native libraries are needed only in vision")
                .check(classes);
    }

    @Test
    void packagesAreFreeOfCycles() {
        slices().matching("io.peregrine.(**)").should().beFreeOfCycles().check(classes);
    }

    @Test
    void librariesDependNeitherOnTheLauncherNorOnDeployment() {
        List<String> libraries =
                MODULES.stream().filter(module -> module.startsWith("libs/")).toList();
        assertThat(libraries).hasSizeGreaterThan(5);
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.peregrine.launcher..", "io.peregrine.endtoend..")
                .check(imported(libraries));
        assertThat(libraries)
                .allSatisfy(module -> assertThat(Files.readString(
                                ProjectRoot.path().resolve(module).resolve("pom.xml")))
                        .doesNotContain("peregrine-launcher"));
        assertThat(modules()).noneMatch(module -> module.startsWith("deploy/"));
    }

    @Test
    void packagesOfIngestHaveFewArrows() {
        Set<String> arrows = new TreeSet<>();
        for (JavaClass from : classes) {
            if (from.getPackageName().startsWith("io.peregrine.ingest")) {
                for (Dependency dependency : from.getDirectDependenciesFromSelf()) {
                    String to = dependency.getTargetClass().getPackageName();
                    if (to.startsWith("io.peregrine.") && !to.equals(from.getPackageName())) {
                        arrows.add(from.getPackageName() + " -> " + to);
                    }
                }
            }
        }
        assertThat(arrows).hasSizeBetween(10, TOO_MANY_ARROWS - 1);
    }

    private static List<String> modules() {
        try {
            return Pattern.compile("<module>([^<]+)</module>")
                    .matcher(Files.readString(ProjectRoot.path().resolve("pom.xml")))
                    .results()
                    .map(found -> found.group(1))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JavaClasses imported(List<String> modules) {
        List<Path> built = modules.stream()
                .map(module -> ProjectRoot.path().resolve(module).resolve("target/classes"))
                .toList();
        assertThat(built).as("built modules; run ./peregrine verify").allMatch(Files::isDirectory);
        return new ClassFileImporter().importPaths(built);
    }
}
