package io.peregrine.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.rest.problem.Problem.ProblemException;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileAnswerTest {
    private static final String TAG = "ab".repeat(32);

    @TempDir
    Path folder;

    private Path file;
    private FileChannel opened;

    @BeforeEach
    void writeFile() throws IOException {
        file = Files.write(folder.resolve("weights"), "0123456789".getBytes());
    }

    private Response answer(String method, Map<String, String> headers) {
        return FileAnswer.of(TAG, Requests.headers(headers), Requests.of(method), () -> {
                    try {
                        opened = FileChannel.open(file);
                        return new FileAnswer.Opened(opened, 10, "application/octet-stream", "attachment");
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                })
                .build();
    }

    private String content(Response response) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ((StreamingOutput) response.getEntity()).write(out);
        assertThat(opened.isOpen()).isFalse();
        return out.toString();
    }

    @Test
    void aFileHasAStrongEtagAndItsLength() throws IOException {
        Response answer = answer("GET", Map.of());

        assertThat(answer.getStatus()).isEqualTo(200);
        assertThat(answer.getEntityTag()).isEqualTo(new EntityTag(TAG, false));
        assertThat(answer.getHeaderString("Content-Length")).isEqualTo("10");
        assertThat(answer.getHeaderString("Accept-Ranges")).isEqualTo("bytes");
        assertThat(answer.getHeaderString("Content-Range")).isNull();
        assertThat(content(answer)).isEqualTo("0123456789");
    }

    @Test
    void aRangeIsAPartOfTheFile() throws IOException {
        Response answer = answer("GET", Map.of("Range", "bytes=2-4"));

        assertThat(answer.getStatus()).isEqualTo(206);
        assertThat(answer.getHeaderString("Content-Range")).isEqualTo("bytes 2-4/10");
        assertThat(answer.getHeaderString("Content-Length")).isEqualTo("3");
        assertThat(answer.getEntityTag()).isEqualTo(new EntityTag(TAG, false));
        assertThat(content(answer)).isEqualTo("234");
    }

    @Test
    void theEndOfTheFileIsARangeToo() throws IOException {
        assertThat(content(answer("GET", Map.of("Range", "bytes=-3")))).isEqualTo("789");
        assertThat(content(answer("GET", Map.of("Range", "bytes=7-100")))).isEqualTo("789");
    }

    @Test
    void aDownloadOfAnotherFileIsNotResumed() throws IOException {
        Response same = answer("GET", Map.of("Range", "bytes=2-4", "If-Range", "\"" + TAG + "\""));
        assertThat(content(same)).isEqualTo("234");

        for (String other : new String[] {"\"other\"", "W/\"" + TAG + "\"", "Sun, 29 Nov 2026 12:00:00 GMT"}) {
            Response whole = answer("GET", Map.of("Range", "bytes=2-4", "If-Range", other));
            assertThat(whole.getStatus()).as(other).isEqualTo(200);
            assertThat(content(whole)).isEqualTo("0123456789");
        }
    }

    @Test
    void aRangeBehindTheFileStatesTheLength() {
        assertThatThrownBy(() -> answer("GET", Map.of("Range", "bytes=10-")))
                .isInstanceOfSatisfying(ProblemException.class, problem -> {
                    Response answer = problem.answer(Requests.forUrl("http://localhost/x"));
                    assertThat(answer.getStatus()).isEqualTo(416);
                    assertThat(answer.getHeaderString("Content-Range")).isEqualTo("bytes */10");
                });
        assertThat(opened.isOpen()).isFalse();
    }

    @Test
    void aHeadRequestIgnoresRangesAndLeavesNoFileOpen() {
        Response answer = answer("HEAD", Map.of("Range", "bytes=2-4"));

        assertThat(answer.getStatus()).isEqualTo(200);
        assertThat(answer.getHeaderString("Content-Length")).isEqualTo("10");
        assertThat(answer.getHeaderString("Accept-Ranges")).isEqualTo("bytes");
        assertThat(opened.isOpen()).isFalse();
    }

    @Test
    void aClientThatHasTheFileGets304WhateverItsRange() {
        Response answer = answer("GET", Map.of("If-None-Match", "W/\"" + TAG + "\"", "Range", "bytes=2-4"));

        assertThat(answer.getStatus()).isEqualTo(304);
        assertThat(opened).isNull();
    }
}
