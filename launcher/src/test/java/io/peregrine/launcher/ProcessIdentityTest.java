package io.peregrine.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessIdentityTest {
    @Test
    void findsAProcessOnlyByItsIdAndItsStartTime() throws Exception {
        Process process = new ProcessBuilder("sleep", "600").start();
        ProcessIdentity identity = ProcessIdentity.of(process.toHandle());
        assertThat(identity.find()).map(ProcessHandle::pid).contains(process.pid());

        assertThat(new ProcessIdentity(process.pid(), "").find())
                .as("a file without a start time")
                .isEmpty();
        assertThat(new ProcessIdentity(process.pid(), null).find()).isEmpty();
        assertThat(new ProcessIdentity(process.pid(), ProcessIdentity.current().started()).find())
                .as("a process id that another process has now")
                .isEmpty();
        assertThat(new ProcessIdentity(process.pid(), identity.started().replaceFirst("^.", "~")).find())
                .as("the same process id and tick after another boot")
                .isEmpty();

        process.destroyForcibly().onExit().join();
        assertThat(identity.find()).isEmpty();
    }
}
