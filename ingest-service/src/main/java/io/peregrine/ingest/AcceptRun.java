package io.peregrine.ingest;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.events.InvalidSpecException;
import io.peregrine.events.PipelineEvent.RunAccepted;
import io.peregrine.events.RunRef;
import io.peregrine.events.RunSpec;
import io.peregrine.work.Job;
import io.peregrine.work.JobContext;
import io.peregrine.work.JobHandler;
import jakarta.enterprise.context.ApplicationScoped;

/// Publishes the specification with its defaults filled in and its initial weights beside it, to which every
/// event of the run points, and says that the run is accepted.
@ApplicationScoped
class AcceptRun implements JobHandler {
    static final String KIND = "accept";

    private final ArtifactStore store;
    private final InitialWeights weights;

    AcceptRun(ArtifactStore store, InitialWeights weights) {
        this.store = store;
        this.weights = weights;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext context) throws InvalidSpecException {
        Job job = context.job();
        RunSpec said = RunSpec.parse((ObjectNode) job.payload());
        RunSpec spec = said.training(
                weights.kept(said.classifier(), job.run().id()),
                weights.kept(said.autoencoder(), job.run().id()));
        RunRef run = new RunRef(
                job.run().id(),
                job.run().dataset(),
                store.publish("run", "json", spec.toJson()),
                spec.priority() == 0 ? null : spec.priority());
        context.complete(tx -> {
            tx.publish(new RunAccepted(run, spec.uri()), "");
            tx.add(new Job.New(run, ListImages.KIND, "", ""));
        });
    }
}
