package io.peregrine.ingest.dataset;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.util.Optional;

/// Finds the first byte of a file that is not UTF-8. Parsers decode a block ahead of the line that they return,
/// so that the line of such a byte is not known from them.
final class Utf8Check {
    private static final int BLOCK = 1 << 16;

    /// @param line of the byte, from 1; lines end with `\n`, `\r\n` or `\r`
    /// @param value of the byte, 0 to 255
    record Invalid(long line, int value) {}

    private final CharsetDecoder decoder = UTF_8.newDecoder();
    private final ByteBuffer bytes = ByteBuffer.allocate(BLOCK);
    /// UTF-8 never decodes to more characters than it has bytes.
    private final CharBuffer text = CharBuffer.allocate(BLOCK);

    private long line = 1;
    private char previous;

    private Utf8Check() {}

    /// @return the first invalid byte, or empty if the whole stream is UTF-8
    static Optional<Invalid> firstInvalid(InputStream in) throws IOException {
        return new Utf8Check().search(in);
    }

    private Optional<Invalid> search(InputStream in) throws IOException {
        boolean ended = false;
        while (!ended) {
            int read = in.read(bytes.array(), bytes.position(), bytes.remaining());
            ended = read < 0;
            bytes.position(bytes.position() + Math.max(0, read)).flip();
            CoderResult result = decoder.decode(bytes, text, ended);
            countLines();
            if (result.isError()) {
                return Optional.of(new Invalid(line, Byte.toUnsignedInt(bytes.get())));
            }
            bytes.compact();
        }
        return Optional.empty();
    }

    private void countLines() {
        text.flip();
        while (text.hasRemaining()) {
            char next = text.get();
            if (next == '\r' || (next == '\n' && previous != '\r')) {
                line++;
            }
            previous = next;
        }
        text.clear();
    }
}
