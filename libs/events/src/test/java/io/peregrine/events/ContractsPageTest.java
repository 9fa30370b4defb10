package io.peregrine.events;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.events.PipelineEvent.DatasetReady;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// `docs/contracts.md` describes each event as the code defines it.
class ContractsPageTest {
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");

    /// @param topic topic and partitions as the page writes them
    /// @param data words in code font of the last column
    private record Row(String topic, Set<String> data) {}

    private final Map<String, Row> rows = new LinkedHashMap<>();

    @BeforeEach
    void readThePage() throws IOException {
        String topic = "";
        for (String line : Files.readAllLines(Path.of("../../docs/contracts.md"))) {
            List<String> cells =
                    Arrays.stream(line.split("\\|", -1)).map(String::strip).toList();
            if (cells.size() != 6 || !cells.get(2).matches("`[a-z]+\\.[a-z]+`")) {
                continue;
            }
            topic = cells.get(1).isEmpty() ? topic : cells.get(1);
            rows.put(
                    "io.peregrine." + words(cells.get(2)).iterator().next() + ".v1",
                    new Row(topic, words(cells.get(4))));
        }
    }

    private static Set<String> words(String cell) {
        return CODE.matcher(cell).results().map(m -> m.group(1)).collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void everyTypeIsThereAndNoOther() {
        assertThat(rows.keySet())
                .containsExactlyInAnyOrderElementsOf(
                        EventTypes.all().stream().map(EventTypes::typeOf).toList());
    }

    @Test
    void eachEventIsOnItsTopic() {
        for (Class<? extends PipelineEvent> event : EventTypes.all()) {
            String topic = EventTypes.topicOf(event);
            assertThat(rows.get(EventTypes.typeOf(event)).topic())
                    .isEqualTo("`%s`, %d".formatted(topic, Topics.partitions().get(topic)));
        }
    }

    @Test
    void eachFieldOfItsDataIsListed() {
        for (Class<? extends PipelineEvent> event : EventTypes.all()) {
            List<String> fields = Arrays.stream(event.getRecordComponents())
                    .map(RecordComponent::getName)
                    .filter(name -> !name.equals("run"))
                    // The fields of a dataset-ready event are those of a specification.
                    .filter(name -> event != DatasetReady.class || !name.equals("body"))
                    .toList();
            assertThat(rows.get(EventTypes.typeOf(event)).data())
                    .as(EventTypes.typeOf(event))
                    .containsAll(fields);
        }
    }
}
