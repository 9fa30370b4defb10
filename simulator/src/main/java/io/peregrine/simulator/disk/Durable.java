package io.peregrine.simulator.disk;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/// The part of a disk that survives a power failure. A file's bytes survive once the file was fsynced, a name
/// once its folder was. So a new file in a new folder needs three calls of fsync, as on Linux.
final class Durable {
    /// A file or folder, independent of its name.
    private static final class Node {
        final boolean folder;
        byte[] bytes;

        Node(boolean folder) {
            this.folder = folder;
        }
    }

    private final Path root;
    /// `live`: names as processes see them. `named`: names that would exist after a power failure.
    private final Map<Path, Node> live = new HashMap<>();

    private final Map<Path, Node> named = new HashMap<>();

    Durable(Path root) {
        this.root = root;
    }

    void created(Path path) {
        live.computeIfAbsent(path, file -> new Node(Files.isDirectory(file)));
    }

    void deleted(Path path) {
        live.remove(path);
    }

    void moved(Path from, Path to) {
        live.put(to, live.remove(from));
    }

    void forceFile(Path path) throws IOException {
        Node node = live.get(path);
        if (node != null) {
            node.bytes = Files.readAllBytes(path);
        }
    }

    void forceFolder(Path folder) {
        named.keySet().removeIf(path -> folder.equals(path.getParent()) && !live.containsKey(path));
        live.forEach((path, node) -> {
            if (folder.equals(path.getParent())) {
                named.put(path, node);
            }
        });
    }

    void settle() throws IOException {
        for (Map.Entry<Path, Node> entry : live.entrySet()) {
            if (!entry.getValue().folder) {
                entry.getValue().bytes = Files.readAllBytes(entry.getKey());
            }
        }
        named.clear();
        named.putAll(live);
    }

    /// Every name that is not durable is kept or lost at random, and so are bytes.
    void restore(RandomGenerator random) throws IOException {
        Map<Path, Node> found = new TreeMap<>();
        TreeSet<Path> names = new TreeSet<>(live.keySet());
        names.addAll(named.keySet());
        // Names in sorted order, so that the seed determines the result. Names in the folder `aside` are random,
        // so they draw no random numbers here.
        for (Path path : names) {
            boolean known = path.equals(root) || path.getParent().equals(root) || found.containsKey(path.getParent());
            Node kept = live.get(path);
            Node survivor = named.get(path);
            if (!Objects.equals(kept, survivor) && !isAside(path)) {
                survivor = random.nextBoolean() ? kept : survivor;
            }
            if (survivor != null && known) {
                found.put(path, survivor);
            }
        }
        Map<Node, byte[]> bytes = new HashMap<>();
        for (Map.Entry<Path, Node> entry : found.entrySet()) {
            Node node = entry.getValue();
            if (!node.folder && !bytes.containsKey(node)) {
                bytes.put(node, bytes(node, random));
            }
        }
        rewrite(found, bytes);
    }

    private boolean isAside(Path path) {
        return path.getParent().getFileName().toString().equals("aside");
    }

    /// A file that was not fsynced may be complete, empty or truncated.
    private byte[] bytes(Node node, RandomGenerator random) throws IOException {
        if (node.bytes != null) {
            return node.bytes;
        }
        byte[] written = new byte[0];
        for (Map.Entry<Path, Node> entry : live.entrySet()) {
            if (entry.getValue() == node) {
                written = Files.readAllBytes(entry.getKey());
            }
        }
        return switch (random.nextInt(3)) {
            case 0 -> written;
            case 1 -> new byte[0];
            default -> java.util.Arrays.copyOf(written, written.length / 2);
        };
    }

    private void rewrite(Map<Path, Node> found, Map<Node, byte[]> bytes) throws IOException {
        List<Path> old = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root)) {
            files.filter(file -> !file.equals(root))
                    .sorted(Comparator.reverseOrder())
                    .forEach(old::add);
        }
        for (Path file : old) {
            Files.delete(file);
        }
        live.clear();
        for (Map.Entry<Path, Node> entry : found.entrySet()) {
            Node node = entry.getValue();
            if (node.folder) {
                Files.createDirectories(entry.getKey());
            } else {
                Files.write(entry.getKey(), bytes.get(node));
                node.bytes = bytes.get(node);
            }
            live.put(entry.getKey(), node);
        }
        named.clear();
        named.putAll(found);
    }
}
