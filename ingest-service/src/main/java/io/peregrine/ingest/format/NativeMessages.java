package io.peregrine.ingest.format;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/// Captures what native decoders print on standard error, such as `Corrupt JPEG data: 12 extraneous bytes`. These
/// lines contain no file name. The consumer can add the files that are being decoded.
///
/// File descriptor 2 is a pipe until this is closed. If the process is killed by a signal, the content of the
/// pipe is lost: at most the output of its last moment.
public final class NativeMessages implements AutoCloseable {
    private static final int STDERR = 2;
    private static final int BUFFER = 4096;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle PIPE = function("pipe", ValueLayout.ADDRESS);
    private static final MethodHandle DUP = function("dup", ValueLayout.JAVA_INT);
    private static final MethodHandle DUP2 = function("dup2", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    private static final MethodHandle CLOSE = function("close", ValueLayout.JAVA_INT);
    private static final MethodHandle READ = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("read"),
            FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));

    private final int original;
    private final int source;
    private final Thread reader;

    private NativeMessages(int original, int source, Consumer<String> lines) {
        this.original = original;
        this.source = source;
        this.reader = Thread.ofPlatform().daemon().name("native messages").start(() -> read(lines));
    }

    /// Starts capturing.
    ///
    /// @param lines receives each line; must not print on standard error itself
    /// @throws IllegalStateException if the system cannot create a pipe
    public static NativeMessages capture(Consumer<String> lines) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(ValueLayout.JAVA_INT, 2);
            done("pipe", (int) PIPE.invokeExact(ends));
            int source = ends.getAtIndex(ValueLayout.JAVA_INT, 0);
            int sink = ends.getAtIndex(ValueLayout.JAVA_INT, 1);
            int original = done("dup", (int) DUP.invokeExact(STDERR));
            done("dup2", (int) DUP2.invokeExact(sink, STDERR));
            done("close", (int) CLOSE.invokeExact(sink));
            return new NativeMessages(original, source, lines);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private void read(Consumer<String> lines) {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(BUFFER);
            long count;
            while ((count = (long) READ.invokeExact(source, buffer, (long) BUFFER)) > 0) {
                for (long at = 0; at < count; at++) {
                    byte value = buffer.get(ValueLayout.JAVA_BYTE, at);
                    if (value != '\n' && line.size() < BUFFER) {
                        line.write(value);
                    } else {
                        lines.accept(line.toString(StandardCharsets.UTF_8));
                        line.reset();
                    }
                }
            }
            if (line.size() > 0) {
                lines.accept(line.toString(StandardCharsets.UTF_8));
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// Restores standard error. Returns after every captured line was passed to the consumer.
    @Override
    public void close() {
        try {
            // Descriptor 2 is the only write end of the pipe. Replacing it makes the reader reach the end.
            done("dup2", (int) DUP2.invokeExact(original, STDERR));
            reader.join();
            done("close", (int) CLOSE.invokeExact(original));
            done("close", (int) CLOSE.invokeExact(source));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static int done(String call, int result) {
        if (result < 0) {
            throw new IllegalStateException("standard error cannot be captured: " + call + " failed");
        }
        return result;
    }

    private static MethodHandle function(String name, ValueLayout... arguments) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name), FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
    }
}
