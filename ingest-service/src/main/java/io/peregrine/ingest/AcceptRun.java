package io.peregrine.ingest;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.peregrine.events.PipelineEvent.RunAccepted;
import io.peregrine.events.RunRef;
import io.peregrine.events.spec.InvalidSpecException;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import jakarta.enterprise.context.ApplicationScoped;

/// Publishes the run's specification, with defaults filled in and initial weights stored next to it, and then
/// `run.accepted`. Every later event of the run references this specification.
@ApplicationScoped
class AcceptRun implements JobHandler {
    static final String KIND = "accept";

    private final InitialWeights weights;

    AcceptRun(InitialWeights weights) {
        this.weights = weights;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext context) throws InvalidSpecException {
        Job job = context.job();
        RunSpec requested = RunSpec.parse((ObjectNode) job.payload());
        RunSpec spec = requested.training(
                weights.storeWeights(requested.classifier(), context),
                weights.storeWeights(requested.autoencoder(), context));
        RunRef run = new RunRef(
                job.run().id(),
                job.run().dataset(),
                context.publish("run", "json", spec.toJson()),
                spec.priority() == 0 ? null : spec.priority());
        context.complete(tx -> {
            tx.publish(new RunAccepted(run, spec.uri()), "");
            tx.add(new Job.New(run, ListImages.KIND, "", ""));
        });
    }
}
