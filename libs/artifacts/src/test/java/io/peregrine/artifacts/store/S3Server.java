package io.peregrine.artifacts.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// A real S3 server over a folder, S3Proxy, in a separate process. Each bucket is a subfolder.
public final class S3Server implements AutoCloseable {
    public static final String IDENTITY = "peregrine";
    public static final String CREDENTIAL = "a password for tests";

    private final Path folder;
    private final URI endpoint;
    private final Path log;
    private final Path settings;
    private Process process;

    /// @param folder parent folder of the buckets
    /// @param buckets created if missing
    public S3Server(Path folder, String... buckets) {
        this.folder = folder;
        this.log = folder.resolveSibling(folder.getFileName() + ".log");
        this.settings = folder.resolveSibling(folder.getFileName() + ".properties");
        try {
            for (String bucket : buckets) {
                Files.createDirectories(folder.resolve(bucket));
            }
            this.endpoint = URI.create("http://127.0.0.1:" + freePort());
            Files.writeString(settings, """
                    s3proxy.endpoint=%s
                    s3proxy.authorization=aws-v4
                    s3proxy.identity=%s
                    s3proxy.credential=%s
                    jclouds.provider=filesystem-nio2
                    jclouds.filesystem.basedir=%s
                    """.formatted(endpoint, IDENTITY, CREDENTIAL, folder));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        start();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /// Starts the server; after [#kill] it starts again at the same endpoint.
    public void start() {
        try {
            process = new ProcessBuilder(
                            ProcessHandle.current().info().command().orElse("java"),
                            "-Xmx256m",
                            "-cp",
                            // Surefire's own class path is a jar that only refers to the other jars.
                            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                            "org.gaul.s3proxy.Main",
                            "--properties",
                            settings.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (!answers()) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    throw new IllegalStateException("S3Proxy does not start: " + Files.readString(log));
                }
                process.waitFor(100, TimeUnit.MILLISECONDS);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private boolean answers() {
        try (Socket socket = new Socket(endpoint.getHost(), endpoint.getPort())) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    public URI endpoint() {
        return endpoint;
    }

    /// @return file of an object in a bucket
    public Path object(String bucket, String key) {
        return folder.resolve(bucket).resolve(key);
    }

    /// Like `kill -9`.
    public void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        kill();
    }
}
