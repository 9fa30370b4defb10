package io.peregrine.endtoend.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.peregrine.endtoend.Yaml;
import io.peregrine.events.BrokerUser;
import io.peregrine.events.PipelineEvent;
import io.peregrine.platform.ProjectRoot;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The permissions of a service's broker user are exactly those that the service needs.
class BrokerUserTest {
    @ParameterizedTest
    @EnumSource(value = BrokerUser.class, mode = EnumSource.Mode.EXCLUDE, names = "PUBLISHER")
    void aUserMayReadExactlyTheTopicsOfItsServicesChannels(BrokerUser user) throws IOException {
        Properties settings = new Properties();
        try (Reader reader =
                Files.newBufferedReader(module(user.user()).resolve("src/main/resources/application.properties"))) {
            settings.load(reader);
        }
        Set<String> topics = new TreeSet<>();
        settings.forEach((name, value) -> {
            if (name.toString().matches("mp\\.messaging\\.incoming\\.\\w+\\.topic")) {
                topics.add(value.toString());
            }
            assertThat(name.toString()).doesNotEndWith("group.id");
        });
        assertThat(user.reads()).isEqualTo(topics);
        assertThat(user.group()).isEqualTo(settings.getProperty("quarkus.application.name"));
    }

    /// A service publishes the events that its classes or those of libs/work create.
    @ParameterizedTest
    @EnumSource(value = BrokerUser.class, mode = EnumSource.Mode.EXCLUDE, names = "PUBLISHER")
    void aUserMayWriteExactlyTheTopicsOfItsServicesEvents(BrokerUser user) throws IOException {
        Map<String, String> topics = topicsOfEvents();
        JavaClasses code = new ClassFileImporter()
                .importPaths(Stream.of(user.user(), "libs/work")
                        .map(module -> module(module).resolve("target/classes"))
                        .toList());
        Set<String> published = new TreeSet<>();
        for (JavaClass each : code) {
            each.getConstructorCallsFromSelf().stream()
                    .map(call -> call.getTargetOwner())
                    .filter(event -> event.isAssignableTo(PipelineEvent.class))
                    .forEach(event -> published.add(topics.get(event.getSimpleName())));
        }
        assertThat(user.writes()).isEqualTo(published);
    }

    private static Path module(String name) {
        return ProjectRoot.path().resolve(name);
    }

    private static Map<String, String> topicsOfEvents() throws IOException {
        Map<String, String> topics = new TreeMap<>();
        Yaml.documents(ProjectRoot.path().resolve("docs/asyncapi.yaml"))
                .getFirst()
                .path("channels")
                .fields()
                .forEachRemaining(channel -> channel.getValue()
                        .path("messages")
                        .fieldNames()
                        .forEachRemaining(event -> topics.put(event, channel.getKey())));
        return topics;
    }
}
