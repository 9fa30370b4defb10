package io.peregrine.endtoend;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.peregrine.local.ProjectRoot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Dependency rules between packages; docs/architecture.md explains each.
class ArchitectureTest {
    private static final List<String> MODULES = List.of(
            "libs/random",
            "libs/parallel",
            "libs/events",
            "libs/artifacts",
            "libs/charts",
            "libs/work",
            "libs/rest",
            "libs/vision",
            "ingest-service",
            "balance-service",
            "trainer-service",
            "cluster-service",
            "deploy/local");
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
        List<Path> built = MODULES.stream()
                .map(module -> ProjectRoot.path().resolve(module).resolve("target/classes"))
                .toList();
        assertThat(built).as("built modules; run ./peregrine verify").allMatch(Files::isDirectory);
        classes = new ClassFileImporter().importPaths(built);
        assertThat(Stream.of("ingest", "balance", "trainer", "cluster", "work", "vision", "local"))
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
                        "io.peregrine.ingest.pack..",
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
                        "io.peregrine.vision..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.peregrine.ingest..",
                        "io.peregrine.balance..",
                        "io.peregrine.trainer..",
                        "io.peregrine.cluster..",
                        "io.peregrine.local..")
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
                        "io.peregrine.local..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.djl..")
                .because("256 MB of native libraries are needed only in vision")
                .check(classes);
    }

    @Test
    void packagesAreFreeOfCycles() {
        slices().matching("io.peregrine.(*)..").should().beFreeOfCycles().check(classes);
    }
}
