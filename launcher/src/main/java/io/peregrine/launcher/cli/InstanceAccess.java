package io.peregrine.launcher.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.launcher.LocalKeys;
import io.peregrine.launcher.LocalPeregrine;
import io.peregrine.platform.RefusedException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Access to an instance through its data folder. A process that can read and write the folder can send a
/// maintainer's key, and can allow a run to read the folder of its dataset.
final class InstanceAccess {
    private static volatile Optional<Path> data = Optional.empty();

    private InstanceAccess() {}

    /// Selects the instance of a data folder.
    static void use(Path folder) {
        data = Optional.of(folder);
    }

    /// @return the same request with the key in the environment variable `PEREGRINE_KEY`, or else the data
    ///     folder's key; unchanged if there is neither
    static HttpRequest.Builder sign(HttpRequest.Builder request) {
        Optional.ofNullable(System.getenv("PEREGRINE_KEY"))
                .or(() -> data.flatMap(LocalKeys::maintainer))
                .ifPresent(key -> request.header("Authorization", "Bearer " + key));
        return request;
    }

    /// Allows a run, and no other run, to read the folders in its dataset-ready event. Must be called before the
    /// event is published.
    static void grant(String run, ObjectNode datasetReady) {
        if (data.isEmpty()) {
            return;
        }
        Path grants = LocalPeregrine.grants(data.get());
        try {
            Path images = Path.of(URI.create(datasetReady.path("uri").asText()));
            Files.write(
                    grants.resolve(run),
                    SpecOptions.roots(images, datasetReady).stream()
                            .map(folder -> folder.toAbsolutePath().toUri().toString())
                            .toList());
        } catch (IOException e) {
            throw new RefusedException(
                    "Cannot allow the run to read its folder, because %s is not writable: %s. Publish as the user who started Peregrine, or start it with --root."
                            .formatted(grants, e));
        }
    }
}
