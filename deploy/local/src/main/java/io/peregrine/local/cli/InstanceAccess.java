package io.peregrine.local.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.local.LocalKeys;
import io.peregrine.local.LocalPeregrine;
import io.peregrine.local.RefusedException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// What this process may do with the instance that it works with, because it can read and write that instance's
/// data folder: send a maintainer's key, and let a run read the folder that it is published for.
final class InstanceAccess {
    private static volatile Optional<Path> data = Optional.empty();

    private InstanceAccess() {}

    /// Works with the instance over a data folder from now on.
    static void use(Path folder) {
        data = Optional.of(folder);
    }

    /// @return the same request with the key of the data folder, or the one in the environment variable
    ///     `PEREGRINE_KEY`; unchanged where there is neither
    static HttpRequest.Builder sign(HttpRequest.Builder request) {
        Optional.ofNullable(System.getenv("PEREGRINE_KEY"))
                .or(() -> data.flatMap(LocalKeys::maintainer))
                .ifPresent(key -> request.header("Authorization", "Bearer " + key));
        return request;
    }

    /// Lets a run read the folders that its dataset-ready names, and no other run. To be done before it is
    /// published.
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
                    "The run cannot be allowed to read its folder: %s cannot be written (%s). Publish as the user who brought Peregrine up, or have it brought up with --root."
                            .formatted(grants, e));
        }
    }
}
