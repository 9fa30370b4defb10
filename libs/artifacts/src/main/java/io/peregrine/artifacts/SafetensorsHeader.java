package io.peregrine.artifacts;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// The header of a safetensors file, parsed token by token. Memory use grows with the number of tensors, which is
/// at most [Safetensors#MAX_TENSORS], and not with other content of an untrusted header.
///
/// @param tensors tensors in the header's order; they cover the data without gaps or overlap
/// @param metadata the metadata strings
record SafetensorsHeader(SequencedMap<String, Entry> tensors, Map<String, String> metadata) {
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final int MAX_DIMENSIONS = 16;

    /// @param begin offset of its first byte in the data
    /// @param end offset after its last byte
    record Entry(DType dtype, long[] shape, long begin, long end) {}

    /// The message completes "… is not a safetensors file: ".
    @SuppressWarnings("serial")
    static final class InvalidHeaderException extends Exception {
        InvalidHeaderException(String message) {
            super(message);
        }
    }

    /// @param dataBytes number of bytes after the header
    static SafetensorsHeader read(byte[] json, long dataBytes) throws InvalidHeaderException {
        SequencedMap<String, Entry> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        try (JsonParser in = JSON.createParser(json)) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new InvalidHeaderException("its header is not a JSON object");
            }
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String name = in.currentName();
                in.nextToken();
                if (name.equals("__metadata__")) {
                    readMetadata(in, metadata);
                    continue;
                }
                if (tensors.size() == Safetensors.MAX_TENSORS) {
                    throw new InvalidHeaderException(
                            "it has more than %,d tensors, the maximum".formatted(Safetensors.MAX_TENSORS));
                }
                tensors.put(name, readTensor(in, Safetensors.shown(name), dataBytes));
            }
            if (in.nextToken() != null) {
                throw new InvalidHeaderException("its header is not JSON: there is content after the object");
            }
        } catch (IOException e) {
            throw new InvalidHeaderException("its header is not JSON");
        }
        checkGaps(tensors, dataBytes);
        return new SafetensorsHeader(tensors, metadata);
    }

    private static void readMetadata(JsonParser in, Map<String, String> metadata)
            throws IOException, InvalidHeaderException {
        if (in.currentToken() != JsonToken.START_OBJECT) {
            throw new InvalidHeaderException("its metadata is not a JSON object");
        }
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String key = in.currentName();
            if (in.nextToken() != JsonToken.VALUE_STRING) {
                throw new InvalidHeaderException("metadata '%s' is not a string".formatted(Safetensors.shown(key)));
            }
            metadata.put(key, in.getText());
        }
    }

    private static Entry readTensor(JsonParser in, String name, long dataBytes)
            throws IOException, InvalidHeaderException {
        String dtype = null;
        long[] shape = null;
        long[] offsets = null;
        if (in.currentToken() == JsonToken.START_OBJECT) {
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String key = in.currentName();
                in.nextToken();
                switch (key) {
                    case "dtype" -> {
                        dtype = in.getValueAsString();
                        in.skipChildren();
                    }
                    case "shape" -> shape = readIntegers(in, name);
                    case "data_offsets" -> offsets = readIntegers(in, name);
                    default -> in.skipChildren();
                }
            }
        } else {
            in.skipChildren();
        }
        return entry(name, dtype, shape, offsets, dataBytes);
    }

    private static Entry entry(String name, String dtype, long[] shape, long[] offsets, long dataBytes)
            throws InvalidHeaderException {
        DType known = DType.named(dtype == null ? "" : dtype)
                .orElseThrow(() -> new InvalidHeaderException("tensor '%s' has %s; it must be U8, I64, F32 or F64"
                        .formatted(name, dtype == null ? "no type" : "type " + Safetensors.shown(dtype))));
        if (shape == null || offsets == null || offsets.length != 2) {
            throw new InvalidHeaderException("tensor '%s' has no shape or no data_offsets".formatted(name));
        }
        long bytes = known.bytes();
        try {
            for (long dimension : shape) {
                bytes = Math.multiplyExact(bytes, dimension);
            }
        } catch (ArithmeticException e) {
            throw impossible(name);
        }
        if (offsets[0] > offsets[1] || offsets[1] > dataBytes || offsets[1] - offsets[0] != bytes) {
            throw new InvalidHeaderException("tensor '%s' of %d bytes claims bytes %d to %d of %d"
                    .formatted(name, bytes, offsets[0], offsets[1], dataBytes));
        }
        return new Entry(known, shape, offsets[0], offsets[1]);
    }

    /// @return non-negative integers, or null if the value is not a list
    private static long[] readIntegers(JsonParser in, String name) throws IOException, InvalidHeaderException {
        if (in.currentToken() != JsonToken.START_ARRAY) {
            in.skipChildren();
            return null;
        }
        long[] read = new long[MAX_DIMENSIONS];
        int count = 0;
        while (in.nextToken() != JsonToken.END_ARRAY) {
            if (in.currentToken() != JsonToken.VALUE_NUMBER_INT
                    || in.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                    || in.getLongValue() < 0
                    || count == MAX_DIMENSIONS) {
                throw impossible(name);
            }
            read[count++] = in.getLongValue();
        }
        return Arrays.copyOf(read, count);
    }

    private static InvalidHeaderException impossible(String name) {
        return new InvalidHeaderException("tensor '%s' has an impossible shape or offset".formatted(name));
    }

    private static void checkGaps(SequencedMap<String, Entry> tensors, long dataBytes) throws InvalidHeaderException {
        List<Entry> inOrder = new ArrayList<>(tensors.values());
        inOrder.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long end = 0;
        for (Entry entry : inOrder) {
            if (entry.begin() != end) {
                throw new InvalidHeaderException("its tensors overlap or leave a gap at byte " + end);
            }
            end = entry.end();
        }
        if (end != dataBytes) {
            throw new InvalidHeaderException(
                    "it has %d bytes of data, but its header describes %d".formatted(dataBytes, end));
        }
    }
}
