package io.peregrine.launcher.cli;

import io.peregrine.events.EventCodec;
import io.peregrine.launcher.LocalPeregrine;
import io.peregrine.launcher.LocalPrometheus;
import io.peregrine.launcher.ProcessIdentity;
import io.peregrine.launcher.Service;
import io.peregrine.platform.RefusedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/// The instance that `./peregrine up` keeps running on a data folder, as described in `<data>/peregrine.json`.
///
/// @param launcher process id of the launcher
/// @param launcherStarted identifies the process together with its id, see [ProcessIdentity]
/// @param kafka bootstrap servers
/// @param ingest address of the ingest service
/// @param balance address of the balance service
/// @param trainer address of the trainer service
/// @param cluster address of the cluster service
/// @param prometheus address of Prometheus, or null without --observe
record RunningInstance(
        long launcher,
        String launcherStarted,
        String kafka,
        String ingest,
        String balance,
        String trainer,
        String cluster,
        String data,
        String prometheus) {
    private static Path file(Path data) {
        return data.toAbsolutePath().normalize().resolve("peregrine.json");
    }

    private RunningInstance withAccess() {
        InstanceAccess.use(Path.of(data));
        return this;
    }

    static RunningInstance of(LocalPeregrine peregrine, Optional<LocalPrometheus> prometheus) {
        InstanceAccess.use(peregrine.data());
        return new RunningInstance(
                ProcessHandle.current().pid(),
                ProcessIdentity.current().started(),
                peregrine.broker().bootstrapServers(),
                peregrine.address(Service.INGEST),
                peregrine.address(Service.BALANCE),
                peregrine.address(Service.TRAINER),
                peregrine.address(Service.CLUSTER),
                peregrine.data().toString(),
                prometheus.map(LocalPrometheus::address).orElse(null));
    }

    /// @return address of each service by name
    SequencedMap<String, String> services() {
        SequencedMap<String, String> services = new LinkedHashMap<>();
        services.put(Service.INGEST.module(), ingest);
        services.put(Service.BALANCE.module(), balance);
        services.put(Service.TRAINER.module(), trainer);
        services.put(Service.CLUSTER.module(), cluster);
        return services;
    }

    void announce() {
        try {
            Path part = Path.of(data, "peregrine.json.part");
            Files.write(part, EventCodec.json().writeValueAsBytes(this));
            Files.move(
                    part,
                    file(Path.of(data)),
                    java.nio.file.StandardCopyOption.ATOMIC_MOVE,
                    java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void withdraw() {
        withdraw(Path.of(data));
    }

    static void withdraw(Path data) {
        try {
            Files.deleteIfExists(file(data));
        } catch (IOException stays) {
            // A remaining file refers to a process that has ended; find() checks that.
        }
    }

    /// @return the launcher, if it is running; another process that has its id now is not returned
    Optional<ProcessHandle> process() {
        return new ProcessIdentity(launcher, launcherStarted).find();
    }

    /// @return the instance that is running on a data folder
    static Optional<RunningInstance> find(Path data) {
        return read(data)
                .filter(instance -> instance.isOf(data))
                .filter(instance -> instance.process().isPresent())
                .map(RunningInstance::withAccess);
    }

    /// A data folder that was copied while in use contains the file of the original's launcher.
    boolean isOf(Path folder) {
        try {
            return Files.isSameFile(folder, Path.of(data));
        } catch (IOException | RuntimeException noSuchFolder) {
            return false;
        }
    }

    /// @return the content of the file, which may be out of date
    static Optional<RunningInstance> read(Path data) {
        if (!Files.isRegularFile(file(data))) {
            return Optional.empty();
        }
        try {
            return Optional.of(EventCodec.json().readValue(Files.readAllBytes(file(data)), RunningInstance.class));
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    static RunningInstance require(Path data) {
        return find(data)
                .orElseThrow(() -> new RefusedException(
                        "No Peregrine is running on %s. Start it with ./peregrine up, or give its folder with --data."
                                .formatted(data.toAbsolutePath().normalize())));
    }
}
