package io.peregrine.cluster;

import io.peregrine.events.RunRef;
import io.peregrine.events.Topics;
import io.peregrine.simulator.Parts;
import io.peregrine.simulator.ServiceCode;
import io.peregrine.work.jobs.JobHandler;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// The cluster service without its framework. Only the encoding of images is replaced, by [SimulatedEncoding],
/// because its engine is native.
public final class SimulatedCluster implements ServiceCode {
    private final ClusterFlow flow;
    private final CancelRun cancelling;
    private final DeleteRun deleting;
    private final List<JobHandler> handlers;

    public SimulatedCluster(Parts parts) {
        flow = new ClusterFlow(parts.inbox());
        cancelling = new CancelRun(parts.database());
        deleting = new DeleteRun(parts.database());
        handlers = List.of(
                new PlanEncoding(parts.store()),
                new SimulatedEncoding(parts.store()),
                new AnalyseRun(parts.store(), parts.database(), new Config()),
                new CompleteRun());
    }

    @Override
    public void deliver(ConsumerRecord<String, byte[]> record) {
        switch (record.topic()) {
            case Topics.DATASETS -> flow.datasets(record);
            case Topics.IMAGES -> flow.images(record);
            case Topics.SHARDS -> flow.shards(record);
            case Topics.CHECKPOINTS -> flow.checkpoints(record);
            default -> flow.runs(record);
        }
    }

    @Override
    public List<JobHandler> handlers() {
        return handlers;
    }

    /// Equivalent to the REST operation with this name.
    public boolean cancel(RunRef run) {
        return cancelling.cancel(run, "simulated", "the simulator");
    }

    /// Equivalent to the REST operation with this name.
    public boolean delete(RunRef run) {
        return deleting.delete(run, "the simulator");
    }

    private record Config() implements ClusterConfig {
        @Override
        public int threads() {
            return 1;
        }

        @Override
        public int encodeBatch() {
            return 32;
        }

        @Override
        public int defaultPageSize() {
            return 100;
        }

        @Override
        public int maxPageSize() {
            return 1_000;
        }

        @Override
        public URI ingestUrl() {
            return URI.create("http://localhost");
        }

        @Override
        public Optional<Duration> runRetention() {
            return Optional.empty();
        }

        @Override
        public Duration progressRetention() {
            return Duration.ofDays(7);
        }
    }
}
