package io.peregrine.trainer;

import io.peregrine.events.Topics;
import io.peregrine.simulator.Parts;
import io.peregrine.simulator.ServiceCode;
import io.peregrine.work.jobs.JobHandler;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// The trainer service without its framework. The flow and the table of checkpoints are the service's own;
/// [SimulatedTraining] replaces the training.
public final class SimulatedTrainer implements ServiceCode {
    private final TrainerFlow flow;
    private final List<JobHandler> handlers;

    public SimulatedTrainer(Parts parts) {
        flow = new TrainerFlow(parts.inbox());
        handlers = List.of(new SimulatedTraining(parts.store()));
    }

    @Override
    public void deliver(ConsumerRecord<String, byte[]> record) {
        if (record.topic().equals(Topics.SHARDS)) {
            flow.shards(record);
        } else {
            flow.runs(record);
        }
    }

    @Override
    public List<JobHandler> handlers() {
        return handlers;
    }
}
