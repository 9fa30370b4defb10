package io.peregrine.ingest.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.spec.RunSpec.Fit;
import io.peregrine.events.spec.RunSpec.ImageSpec;
import io.peregrine.events.spec.RunSpec.Orientation;
import io.peregrine.ingest.Folder;
import io.peregrine.ingest.image.ImageRejectedException;
import io.peregrine.platform.JvmOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Decodes malformed files in a separate process. It must not crash, must be fast and must not use much memory.
/// Each file is decoded or rejected with a reason.
class MalformedFilesTest {
    private static final long SECONDS_AT_MOST = 2;
    private static final long BYTES_AT_MOST = 512L << 20;

    @Test
    void noMalformedFileCrashesHangsOrFillsTheMemory() throws Exception {
        Process decoding = new ProcessBuilder(
                        JvmOptions.java(),
                        JvmOptions.all().getFirst(),
                        // The heap size of a service. Without it the garbage collector would use the whole memory
                        // of the machine.
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Decoding.class.getName(),
                        System.getProperty("peregrine.malformed.seed", "42"))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        // A process that hangs would never end by itself.
        CompletableFuture.delayedExecutor(2, TimeUnit.MINUTES).execute(decoding::destroyForcibly);
        List<String[]> files =
                decoding.inputReader().lines().map(line -> line.split("\t")).toList();
        assertThat(decoding.waitFor()).as("exit status of the process").isZero();

        Map<String, Integer> tally = new TreeMap<>();
        files.forEach(file -> tally.merge(file[1], 1, Integer::sum));
        System.out.printf("%,d malformed files: %s%n", files.size(), tally);
        assertThat(files).hasSizeGreaterThan(200);
        List<String> verdicts = Stream.concat(
                        Stream.of("decoded"),
                        Arrays.stream(ImageRejectedException.Reason.values())
                                .filter(ImageRejectedException.Reason::isDeterministic)
                                .map(ImageRejectedException.Reason::name))
                .toList();
        assertThat(files).allSatisfy(file -> {
            assertThat(file[1]).as(file[0]).isIn(verdicts);
            assertThat(Long.parseLong(file[2])).as("ms for %s", file[0]).isLessThan(1_000 * SECONDS_AT_MOST);
            assertThat(Long.parseLong(file[3])).as("bytes for %s", file[0]).isLessThan(BYTES_AT_MOST);
        });
    }

    /// Prints for each file its name, the result, milliseconds of CPU time, and the maximum growth of the
    /// process.
    static final class Decoding {
        private static final ImageSpec IMAGE = new ImageSpec(64, Fit.STRETCH, Orientation.APPLY);

        public static void main(String[] arguments) throws Exception {
            Map<String, byte[]> files = MalformedFiles.make(Long.parseLong(arguments[0]));
            ImageDecoder decoder = new ImageDecoder(100_000_000);
            for (String format : List.of("jpg", "png", "bmp")) {
                decoder.square(Folder.encoded(format, 1), IMAGE);
            }
            ThreadMXBean clock = ManagementFactory.getThreadMXBean();
            System.gc();
            long baseline = resident();
            AtomicLong largest = new AtomicLong();
            Thread.ofPlatform().daemon().start(() -> {
                while (true) {
                    largest.accumulateAndGet(resident(), Math::max);
                    Thread.onSpinWait();
                }
            });
            files.forEach((name, file) -> {
                largest.set(0);
                // CPU time, since elapsed time depends on the load of the machine.
                long begin = clock.getCurrentThreadCpuTime();
                String verdict = verdict(decoder, file);
                long milliseconds = (clock.getCurrentThreadCpuTime() - begin) / 1_000_000;
                largest.accumulateAndGet(resident(), Math::max);
                System.out.printf("%s\t%s\t%d\t%d%n", name, verdict, milliseconds, largest.get() - baseline);
            });
        }

        private static String verdict(ImageDecoder decoder, byte[] file) {
            try {
                decoder.square(file, IMAGE);
                return "decoded";
            } catch (ImageRejectedException refused) {
                return refused.reason().name();
            } catch (Throwable thrown) {
                return thrown.toString();
            }
        }

        /// @return bytes of anonymous memory: heap, native libraries and threads
        private static long resident() {
            try {
                return Files.readAllLines(Path.of("/proc/self/status")).stream()
                        .filter(line -> line.startsWith("RssAnon:"))
                        .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                        .sum();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
