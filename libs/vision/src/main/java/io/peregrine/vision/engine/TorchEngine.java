package io.peregrine.vision.engine;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.LibUtils;
import io.peregrine.events.FailureException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// The PyTorch engine of this process, with an explicit and fixed thread count.
///
/// Another number of threads sums in another order, so the same bytes need the same number: a run records it, and
/// every resume uses it.
public final class TorchEngine {
    private static final String THREADS = "ai.djl.pytorch.num_threads";
    private static final String HUGE_PAGES = "THP_MEM_ALLOC_ENABLE";

    private static final Pattern GPU = Pattern.compile("gpu:([0-9]{1,4})");

    /// `c10::cuda::device_count()`: the number of GPUs that the engine can use.
    private static final String GPUS = "_ZN3c104cuda12device_countEv";

    private static Integer threads;

    private TorchEngine() {}

    /// Loads the engine on the first call, and sets the number of threads for computations of the calling thread.
    ///
    /// @param wanted threads of one tensor operation, at least 1
    public static synchronized Engine load(int wanted) {
        if (wanted < 1) {
            throw new IllegalArgumentException("the engine needs at least 1 thread, not " + wanted);
        }
        if (threads == null) {
            System.setProperty(THREADS, Integer.toString(wanted));
            System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
            System.setProperty("OPT_OUT_TRACKING", "true");
            useHugePages();
        }
        Engine engine = Engine.getEngine("PyTorch");
        // OpenMP stores this number per calling thread, so the thread that computes must set it.
        JniUtils.setNumThreads(wanted);
        threads = wanted;
        return engine;
    }

    /// A training step maps each large activation again and spends most of its time on page faults; with huge
    /// pages it takes 0.7 of the time. The engine reads this variable at its first allocation. Java cannot set
    /// its own environment.
    private static void useHugePages() {
        Optional<MemorySegment> setenv = Linker.nativeLinker().defaultLookup().find("setenv");
        if (System.getenv(HUGE_PAGES) != null || setenv.isEmpty()) {
            return;
        }
        FunctionDescriptor type = FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
        try (Arena arena = Arena.ofConfined()) {
            // Without it, steps are slower but have the same bits.
            int refused = (int) Linker.nativeLinker()
                    .downcallHandle(setenv.get(), type)
                    .invokeExact(arena.allocateFrom(HUGE_PAGES), arena.allocateFrom("1"), 0);
            assert refused == 0;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// @return the loaded engine; if it is not loaded yet, it starts with `ai.djl.pytorch.num_threads` threads or
    ///     one per processor
    public static synchronized Engine load() {
        return threads == null ? load(threads()) : Engine.getEngine("PyTorch");
    }

    /// Counts the GPUs by calling PyTorch. DJL would search for a CUDA runtime itself, and it does not find one
    /// among Python's packages.
    ///
    /// @return number of GPUs that the engine can use; 0 for a CPU build
    public static int gpus() {
        load();
        Path library = Path.of(LibUtils.getLibtorchPath(), "libc10_cuda.so");
        if (!Files.exists(library)) {
            return 0;
        }
        try {
            MemorySegment count =
                    SymbolLookup.libraryLookup(library, Arena.global()).findOrThrow(GPUS);
            return (byte) Linker.nativeLinker()
                    .downcallHandle(count, FunctionDescriptor.of(ValueLayout.JAVA_BYTE))
                    .invokeExact();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// Finds the device for a computation.
    ///
    /// @param wanted `cpu`, `gpu:0` and so on, or `auto`: the first GPU, or the CPU if the engine has no GPU
    /// @throws FailureException INPUT `NO_SUCH_DEVICE`, if the engine has no such GPU; a CPU build has none
    public static Device device(String wanted) {
        int gpus = gpus();
        if (wanted.equals("cpu") || wanted.equals("auto") && gpus == 0) {
            return Device.cpu();
        }
        Matcher gpu = GPU.matcher(wanted.equals("auto") ? "gpu:0" : wanted);
        if (!gpu.matches() || Integer.parseInt(gpu.group(1)) >= gpus) {
            throw FailureException.input(
                    "NO_SUCH_DEVICE",
                    "the device '%s' is not available: this engine (PyTorch %s) supports cpu%s; use one of these or auto, or install an engine with CUDA (PYTORCH_LIBRARY_PATH)"
                            .formatted(
                                    wanted,
                                    load().getVersion(),
                                    IntStream.range(0, gpus)
                                            .mapToObj(i -> ", gpu:" + i)
                                            .collect(Collectors.joining())));
        }
        return Device.gpu(Integer.parseInt(gpu.group(1)));
    }

    /// @return engine and CPU; with others, the last bits of sums may differ
    public static String build() {
        return "PyTorch %s on %s".formatted(load().getVersion(), processor());
    }

    private static String processor() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).trim())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException | UncheckedIOException elsewhere) {
            return System.getProperty("os.arch");
        }
    }

    /// @return threads of one tensor operation, now or after loading
    public static synchronized int threads() {
        return threads != null
                ? threads
                : Integer.getInteger(THREADS, Runtime.getRuntime().availableProcessors());
    }
}
