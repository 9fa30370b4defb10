package io.peregrine.endtoend;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.yaml.snakeyaml.LoaderOptions;

/// Reads YAML as JSON, with anchors and merges resolved.
public final class Yaml {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Yaml() {}

    /// @return the non-empty documents of a file
    public static List<JsonNode> documents(Path file) throws IOException {
        return documents(Files.readString(file));
    }

    public static List<JsonNode> documents(String text) {
        LoaderOptions options = new LoaderOptions();
        options.setMaxAliasesForCollections(500);
        List<JsonNode> documents = new ArrayList<>();
        for (Object document : new org.yaml.snakeyaml.Yaml(options).loadAll(text)) {
            if (document != null) {
                documents.add(JSON.valueToTree(document));
            }
        }
        return documents;
    }
}
