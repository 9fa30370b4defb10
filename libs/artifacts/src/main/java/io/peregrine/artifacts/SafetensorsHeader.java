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

/// The header of a safetensors file, read token by token: what is kept grows with the tensors that it names, of
/// which there are at most [Safetensors#MAX_TENSORS], and not with what else a hostile header holds.
///
/// @param tensors in the header's order; without holes or overlap they cover the data
/// @param metadata the text notes
record SafetensorsHeader(SequencedMap<String, Entry> tensors, Map<String, String> metadata) {
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final int MAX_DIMENSIONS = 16;

    /// @param begin of its bytes in the data
    /// @param end after its last byte
    record Entry(DType dtype, long[] shape, long begin, long end) {}

    /// The message completes "… is no safetensors file: ".
    @SuppressWarnings("serial")
    static final class InvalidHeaderException extends Exception {
        InvalidHeaderException(String message) {
            super(message);
        }
    }

    /// @param dataBytes that follow the header in the file
    static SafetensorsHeader read(byte[] json, long dataBytes) throws InvalidHeaderException {
        SequencedMap<String, Entry> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        try (JsonParser in = JSON.createParser(json)) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new InvalidHeaderException("its header is no JSON object");
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
                            "it names more than the %,d tensors that are read".formatted(Safetensors.MAX_TENSORS));
                }
                tensors.put(name, readTensor(in, Safetensors.shown(name), dataBytes));
            }
            if (in.nextToken() != null) {
                throw new InvalidHeaderException("its header is no JSON: something follows the object");
            }
        } catch (IOException e) {
            throw new InvalidHeaderException("its header is no JSON");
        }
        mustCover(tensors, dataBytes);
        return new SafetensorsHeader(tensors, metadata);
    }

    private static void readMetadata(JsonParser in, Map<String, String> metadata)
            throws IOException, InvalidHeaderException {
        if (in.currentToken() != JsonToken.START_OBJECT) {
            throw new InvalidHeaderException("its metadata is no JSON object");
        }
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String key = in.currentName();
            if (in.nextToken() != JsonToken.VALUE_STRING) {
                throw new InvalidHeaderException("metadata '%s' is no text".formatted(Safetensors.shown(key)));
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
                .orElseThrow(() -> new InvalidHeaderException("tensor '%s' is %s; U8, I64, F32 and F64 are read"
                        .formatted(name, dtype == null ? "of no type" : Safetensors.shown(dtype))));
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

    /// @return whole numbers from 0, or null where there is no list
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

    private static void mustCover(SequencedMap<String, Entry> tensors, long dataBytes) throws InvalidHeaderException {
        List<Entry> inOrder = new ArrayList<>(tensors.values());
        inOrder.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long end = 0;
        for (Entry entry : inOrder) {
            if (entry.begin() != end) {
                throw new InvalidHeaderException("its tensors overlap or leave a hole at byte " + end);
            }
            end = entry.end();
        }
        if (end != dataBytes) {
            throw new InvalidHeaderException(
                    "it has %d bytes of data, its header tells of %d".formatted(dataBytes, end));
        }
    }
}
