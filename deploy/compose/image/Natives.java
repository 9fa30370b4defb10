import ai.djl.engine.Engine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/// Unpacks the services' native libraries while an image is built, and removes them from the jars in the image.
///
/// Libraries normally unpack themselves into a cache or into /tmp at each start. A container has a read-only
/// root, and its /tmp is mounted noexec. Arguments: the folder of the packaged services; the output folder for
/// `natives/torch`, `natives/opencv`, and each service as `libraries` and `classes`.
void main(String[] arguments) throws IOException {
    Path jars = Path.of(arguments[0]);
    Path out = Path.of(arguments[1]);
    Path torch = Files.createDirectories(out.resolve("natives/torch"));
    Path opencv = Files.createDirectories(out.resolve("natives/opencv"));
    // The engine unpacks itself as at run time. If it loads here, it also loads in the container.
    System.setProperty("ENGINE_CACHE_DIR", torch.toString());
    IO.println("unpacked " + Engine.getEngine("PyTorch"));
    copy(jars, out, "ingest-service", Map.of(
            "nu/pattern/opencv/linux/x86_64/libopencv_java490.so", opencv.resolve("libopencv_java490.so"),
            "org/xerial/snappy/native/Linux/x86_64/libsnappyjava.so", opencv.resolve("libsnappyjava.so"),
            "linux/amd64/libzstd-jni", opencv.resolve("libzstd-jni.so")));
    for (String service : List.of("balance-service", "trainer-service", "cluster-service")) {
        copy(jars, out, service, Map.of(
                "org/xerial/snappy/native/Linux/x86_64/libsnappyjava.so", torch.resolve("libsnappyjava.so"),
                "linux/amd64/libzstd-jni", torch.resolve("libzstd-jni.so")));
    }
}

/// @param wanted from the prefix of a library's name in a jar to the file to write
private static void copy(Path jars, Path out, String service, Map<String, Path> wanted) throws IOException {
    Path from = jars.resolve(service).toRealPath();
    try (Stream<Path> files = Files.walk(from)) {
        for (Path file : files.toList()) {
            String name = from.relativize(file).toString();
            // Two layers of the image, because libraries rarely change.
            Path copy = out.resolve(service).resolve(name.startsWith("lib/") ? "libraries" : "classes").resolve(name);
            if (Files.isDirectory(file)) {
                continue;
            }
            Files.createDirectories(copy.getParent());
            if (hasNatives(file.getFileName().toString())) {
                strip(file, copy, wanted);
            } else {
                Files.copy(file, copy);
            }
        }
    }
    for (Map.Entry<String, Path> library : wanted.entrySet()) {
        if (!Files.isRegularFile(library.getValue())) {
            throw new IOException("found no jar of %s that contains %s".formatted(service, library.getKey()));
        }
    }
}

private static boolean hasNatives(String jar) {
    return Stream.of("pytorch-native-", "pytorch-jni-", "openpnp.opencv-", "snappy-java-", "zstd-jni-")
            .anyMatch(jar::contains);
}

/// Copies a jar without its native libraries for all systems. Properties are kept, because the engine reads its
/// version from them.
private static void strip(Path jar, Path copy, Map<String, Path> wanted) throws IOException {
    try (ZipFile zip = new ZipFile(jar.toFile());
            ZipOutputStream rest = new ZipOutputStream(Files.newOutputStream(copy))) {
        for (ZipEntry entry : zip.stream().toList()) {
            String name = entry.getName();
            for (Map.Entry<String, Path> library : wanted.entrySet()) {
                if (name.startsWith(library.getKey()) && !entry.isDirectory()) {
                    try (InputStream content = zip.getInputStream(entry)) {
                        Files.copy(content, library.getValue(), StandardCopyOption.REPLACE_EXISTING);
                    }
                }
            }
            if (!isNative(name)) {
                rest.putNextEntry(new ZipEntry(name));
                try (InputStream content = zip.getInputStream(entry)) {
                    content.transferTo(rest);
                }
                rest.closeEntry();
            }
        }
    }
}

private static boolean isNative(String name) {
    return name.matches(".*\\.(so|so\\.gz|so\\.[0-9.]+(\\.gz)?|dylib|dylib\\.gz|jnilib|dll|dll\\.gz|a)");
}
