package io.peregrine.simulator;

import io.peregrine.work.jobs.JobHandler;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// The code of one service: its flow and its job handlers.
public interface ServiceCode {
    /// Processes one record of a topic that the service consumes.
    void deliver(ConsumerRecord<String, byte[]> record);

    /// @return a handler for each kind of job that a simulated run has
    List<JobHandler> handlers();
}
