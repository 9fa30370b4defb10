package io.peregrine.simulator;

import io.peregrine.events.Topics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/// A broker with a log for each partition. Records are never deleted; consumers keep their own positions.
final class SimulatedBroker {
    /// Partitions of each topic; two suffice for records of one run to arrive out of order.
    private static final int PARTITIONS = 2;

    /// @param garbage whether no service can read the record
    record Entry(ConsumerRecord<String, byte[]> record, boolean garbage) {}

    /// A consumer group's position in one partition.
    static final class Place {
        final String topic;
        final int partition;
        int next;
        int committed;
        boolean inFlight;
        /// Incremented whenever the partition is assigned.
        long generation;

        Place(String topic, int partition) {
            this.topic = topic;
            this.partition = partition;
        }

        @Override
        public String toString() {
            return topic.substring(topic.indexOf('.') + 1) + "/" + partition + "@" + next;
        }
    }

    private final Map<String, List<List<Entry>>> logs = new LinkedHashMap<>();
    private final SimulatedClock clock;

    SimulatedBroker(SimulatedClock clock) {
        this.clock = clock;
        for (String topic : Topics.partitions().keySet()) {
            List<List<Entry>> partitions = new ArrayList<>();
            for (int partition = 0; partition < partitions(topic); partition++) {
                partitions.add(new ArrayList<>());
            }
            logs.put(topic, partitions);
        }
    }

    private static int partitions(String topic) {
        return Math.min(PARTITIONS, Topics.partitions().get(topic));
    }

    /// @return a position at the beginning of each partition of the topics
    static List<Place> places(List<String> topics) {
        List<Place> places = new ArrayList<>();
        for (String topic : topics) {
            for (int partition = 0; partition < partitions(topic); partition++) {
                places.add(new Place(topic, partition));
            }
        }
        return places;
    }

    void append(String topic, String key, byte[] value, Headers headers, boolean garbage) {
        List<List<Entry>> partitions = logs.get(topic);
        int partition = key == null ? 0 : Math.floorMod(key.hashCode(), partitions.size());
        List<Entry> log = partitions.get(partition);
        log.add(new Entry(
                new ConsumerRecord<>(
                        topic,
                        partition,
                        log.size(),
                        clock.now().toEpochMilli(),
                        TimestampType.CREATE_TIME,
                        0,
                        value == null ? -1 : value.length,
                        key,
                        value,
                        new RecordHeaders(headers),
                        Optional.empty()),
                garbage));
    }

    Optional<Entry> at(Place place) {
        List<Entry> log = logs.get(place.topic).get(place.partition);
        return place.next < log.size() ? Optional.of(log.get(place.next)) : Optional.empty();
    }

    /// @return all records of some topics, partition by partition
    List<Entry> all(List<String> topics) {
        List<Entry> all = new ArrayList<>();
        for (String topic : topics) {
            logs.get(topic).forEach(all::addAll);
        }
        return all;
    }
}
