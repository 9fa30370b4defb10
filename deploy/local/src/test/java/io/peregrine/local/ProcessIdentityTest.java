package io.peregrine.local;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessIdentityTest {
    @Test
    void aProcessIsFoundByItsNumberAndItsStartAndByNoOther() throws Exception {
        Process process = new ProcessBuilder("sleep", "600").start();
        ProcessIdentity identity = ProcessIdentity.of(process.toHandle());
        assertThat(identity.find()).map(ProcessHandle::pid).contains(process.pid());

        assertThat(new ProcessIdentity(process.pid(), "").find())
                .as("a file that tells no start")
                .isEmpty();
        assertThat(new ProcessIdentity(process.pid(), null).find()).isEmpty();
        assertThat(new ProcessIdentity(process.pid(), ProcessIdentity.current().started()).find())
                .as("a number that was given to another process")
                .isEmpty();
        assertThat(new ProcessIdentity(process.pid(), identity.started().replaceFirst("^.", "~")).find())
                .as("the same number and tick after another boot")
                .isEmpty();

        process.destroyForcibly().onExit().join();
        assertThat(identity.find()).isEmpty();
    }
}
