package io.peregrine.rest;

import io.peregrine.rest.problem.GeneralProblem;
import io.peregrine.rest.problem.Problem;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;
import java.util.function.Supplier;

/// Answers with a file that never changes, or with a part of it: an interrupted download can be resumed.
public final class FileAnswer {
    private FileAnswer() {}

    /// An open file. The answer closes it.
    ///
    /// @param bytes length of the whole file
    /// @param disposition value of the header `Content-Disposition`
    public record Opened(FileChannel channel, long bytes, String mediaType, String disposition) {}

    /// Answers with the whole file (200), a part of it (206), nothing (304), or a refusal (412, 416). A request
    /// with several ranges is answered with the whole file.
    ///
    /// @param sha256 of the content: its strong ETag
    /// @param opened called only if the client does not have the content
    /// @throws Problem.ProblemException `PRECONDITION_FAILED` (412) or `RANGE_NOT_SATISFIABLE` (416)
    public static Response.ResponseBuilder of(
            String sha256, HttpHeaders headers, Request request, Supplier<Opened> opened) {
        Optional<Response.ResponseBuilder> known = HttpCaching.IMMUTABLE.known(sha256, false, headers);
        if (known.isPresent()) {
            return known.get();
        }
        Opened file = opened.get();
        boolean sent = false;
        try {
            boolean isGet = request.getMethod().equals(HttpMethod.GET);
            boolean mayBePart = isGet && EntityTags.allowsRange(headers.getHeaderString("If-Range"), sha256);
            Optional<ByteRange> range =
                    mayBePart ? ByteRange.parse(headers.getHeaderString("Range"), file.bytes()) : Optional.empty();
            Response.ResponseBuilder answer = answer(file, range).tag(new EntityTag(sha256));
            sent = isGet;
            return HttpCaching.IMMUTABLE.controlled(answer);
        } catch (ByteRange.UnsatisfiableRangeException e) {
            throw Problem.of(GeneralProblem.RANGE_NOT_SATISFIABLE, e.getMessage())
                    .withHeader("Content-Range", "bytes */" + file.bytes());
        } finally {
            if (!sent) {
                close(file);
            }
        }
    }

    private static Response.ResponseBuilder answer(Opened file, Optional<ByteRange> range) {
        ByteRange part = range.orElse(new ByteRange(0, file.bytes() - 1));
        StreamingOutput content = out -> {
            try (FileChannel channel = file.channel()) {
                copy(channel, part, out);
            }
        };
        Response.ResponseBuilder answer = Response.status(range.isPresent() ? 206 : 200)
                .entity(content)
                .type(file.mediaType())
                .header("Content-Length", part.length())
                .header("Content-Disposition", file.disposition())
                .header("Accept-Ranges", "bytes");
        return range.isPresent()
                ? answer.header("Content-Range", "bytes %d-%d/%d".formatted(part.first(), part.last(), file.bytes()))
                : answer;
    }

    private static void copy(FileChannel channel, ByteRange part, OutputStream out) throws IOException {
        // Not closed: it belongs to the response.
        WritableByteChannel target = Channels.newChannel(out);
        long at = part.first();
        while (at <= part.last()) {
            long copied = channel.transferTo(at, part.last() - at + 1, target);
            if (copied <= 0) {
                throw new EOFException("The file ends at byte %,d of %,d.".formatted(at, part.last() + 1));
            }
            at += copied;
        }
    }

    private static void close(Opened file) {
        try {
            file.channel().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
