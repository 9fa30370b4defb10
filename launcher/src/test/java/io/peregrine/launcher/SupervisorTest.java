package io.peregrine.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.platform.LocalBroker;
import io.peregrine.platform.LocalPostgres;
import io.peregrine.platform.Supervised;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SupervisorTest {
    @TempDir
    Path data;

    private final List<String> notices = new CopyOnWriteArrayList<>();

    @Test
    void restartsABrokerOrDatabaseThatEndsOrHangs() throws Exception {
        ChildProcesses children = new ChildProcesses(data);
        try (LocalBroker broker = LocalBroker.start(data.resolve("kafka"), 0);
                LocalPostgres postgres = LocalPostgres.start(data.resolve("postgres"), 0);
                Supervisor supervisor = new Supervisor(children, Duration.ofMillis(200), 2, notices::add)) {
            List<Probed> both = List.of(new Probed(broker), new Probed(postgres));
            both.forEach(supervisor::watch);

            List<Long> first = pids(both);
            both.forEach(child -> child.process().orElseThrow().destroyForcibly());
            awaitOthers(both, first);
            assertThat(notices)
                    .anyMatch(notice -> notice.startsWith("Kafka ended with exit status 137; restarting it"))
                    .anyMatch(notice -> notice.startsWith("PostgreSQL ended; restarting it"));

            List<Long> second = pids(both);
            for (long pid : second) {
                signal(pid, "STOP");
            }
            awaitOthers(both, second);
            assertThat(notices)
                    .anyMatch(notice -> notice.startsWith("Kafka did not answer 2 times in a row"))
                    .anyMatch(notice -> notice.startsWith("PostgreSQL did not answer 2 times in a row"));

            Awaitility.await()
                    .untilAsserted(() -> assertThat(children.read()).allSatisfy(child -> {
                        assertThat(child.restarts()).isGreaterThanOrEqualTo(2);
                        assertThat(child.isAlive()).isTrue();
                        assertThat(child.lastEnd()).startsWith("did not answer");
                    }));
            assertThat(children.read().stream().map(ChildProcess::port).toList())
                    .containsExactlyInAnyOrder(broker.port(), postgres.port());
        }
        assertThat(children.read()).noneMatch(ChildProcess::isAlive);
    }

    private static List<Long> pids(List<Probed> children) {
        return children.stream()
                .map(child -> child.process().orElseThrow().pid())
                .toList();
    }

    private static void awaitOthers(List<Probed> children, List<Long> before) {
        for (Probed child : children) {
            Awaitility.await(child.name())
                    .atMost(Duration.ofMinutes(3))
                    .until(() -> child.process()
                                    .filter(process -> !before.contains(process.pid()))
                                    .isPresent()
                            && child.answeredSupervisor);
        }
    }

    /// A child that records whether it has answered its supervisor since its last start. Only after the first
    /// answer do a few unanswered probes mean that it hangs, because a start may take minutes.
    private static final class Probed implements Supervised {
        private final Supervised child;
        private volatile boolean answeredSupervisor;

        Probed(Supervised child) {
            this.child = child;
        }

        @Override
        public boolean answers() {
            boolean answers = child.answers();
            answeredSupervisor |= answers;
            return answers;
        }

        @Override
        public void restart() {
            answeredSupervisor = false;
            child.restart();
        }

        @Override
        public String name() {
            return child.name();
        }

        @Override
        public int port() {
            return child.port();
        }

        @Override
        public Path log() {
            return child.log();
        }

        @Override
        public boolean isWanted() {
            return child.isWanted();
        }

        @Override
        public Optional<ProcessHandle> process() {
            return child.process();
        }

        @Override
        public Optional<String> ended() {
            return child.ended();
        }
    }

    private static void signal(long pid, String name) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(pid))
                        .start()
                        .waitFor())
                .isZero();
    }
}
