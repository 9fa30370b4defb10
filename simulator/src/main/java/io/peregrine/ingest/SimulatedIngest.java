package io.peregrine.ingest;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.peregrine.events.Topics;
import io.peregrine.ingest.dataset.AllowedRoots;
import io.peregrine.ingest.format.ImageDecoder;
import io.peregrine.ingest.pack.PackMaker;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.simulator.Parts;
import io.peregrine.simulator.ServiceCode;
import io.peregrine.work.jobs.JobHandler;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// The ingest service without its framework. All code is the service's own.
public final class SimulatedIngest implements ServiceCode {
    private static final WorkerPool CREW = new WorkerPool("image", 1);
    private static final long PIXELS_MAX = 1_000_000;
    private static final long BYTES_MAX = 1_000_000;

    private final IngestFlow flow;
    private final List<JobHandler> handlers;

    public SimulatedIngest(Parts parts) {
        AllowedRoots roots = new AllowedRoots(List.of(parts.datasets()));
        ListingCache listings = new ListingCache(parts.database(), parts.store());
        HashCache hashes = new HashCache(parts.database(), parts.store(), CREW);
        IngestMeters meters = new IngestMeters(new SimpleMeterRegistry(), parts.store());
        PackMaker maker = new PackMaker(
                parts.store(), CREW, new ImageDecoder(PIXELS_MAX), BYTES_MAX, (nanos, bytes, refused) -> {});
        flow = new IngestFlow(parts.inbox(), roots);
        handlers = List.of(
                new AcceptRun(new InitialWeights(parts.store(), roots)),
                new ListImages(parts.store(), roots, CREW),
                new MakePack(parts.database(), parts.store(), roots, maker, listings, hashes, meters),
                new SealDataset(parts.database(), parts.store(), listings, hashes, CREW, meters));
    }

    @Override
    public void deliver(ConsumerRecord<String, byte[]> record) {
        if (record.topic().equals(Topics.DATASETS)) {
            flow.datasets(record);
        } else {
            flow.runs(record);
        }
    }

    @Override
    public List<JobHandler> handlers() {
        return handlers;
    }
}
