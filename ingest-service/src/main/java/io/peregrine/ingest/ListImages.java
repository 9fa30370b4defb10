package io.peregrine.ingest;

import io.peregrine.artifacts.RunSpecs;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.ingest.dataset.AllowedRoots;
import io.peregrine.ingest.dataset.Listing;
import io.peregrine.ingest.postgres.IngestTables;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jboss.logging.Logger;

/// Lists and hashes the files of a dataset and adds one decode job for each pack.
@ApplicationScoped
class ListImages implements JobHandler {
    static final String KIND = "list";

    /// The number of classes that is tested end to end. It bounds tables, metrics and responses.
    static final int MOST_CLASSES = 10_000;

    private static final Logger LOG = Logger.getLogger(ListImages.class);

    private final ArtifactStore store;
    private final AllowedRoots roots;
    private final WorkerPool workers;

    ListImages(ArtifactStore store, AllowedRoots roots, WorkerPool workers) {
        this.store = store;
        this.roots = roots;
        this.workers = workers;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext context) throws IOException, InterruptedException {
        RunRef run = context.job().run();
        RunSpec spec = RunSpecs.open(store, run);
        AllowedRoots allowed = roots.of(run.id());
        Path root = allowed.resolve(spec.uri());
        Listing listing = Listing.of(root, allowed, spec.split(), workers, (done, of) -> {
            context.check();
            if (of > 0) {
                context.progress(() -> new StageProgressed(run, Stage.INGEST, "list", done, of, "files", Map.of()));
            }
        });
        requireAllowedClassCount(listing.classes().size());
        ArtifactRef ref = listing.publish(context);
        LOG.infof(
                "dataset listed run=%s images=%d classes=%d packs=%d",
                run.id(),
                listing.rows().size(),
                listing.classes().size(),
                listing.packs().size());
        context.complete(tx -> {
            IngestTables.list(tx.sql(), run, ref, listing);
            for (Listing.Range pack : listing.packs()) {
                tx.add(new Job.New(run, MakePack.KIND, Integer.toString(pack.number()), pack));
            }
        });
    }

    /// @throws FailureException INPUT `TOO_MANY_CLASSES`
    static void requireAllowedClassCount(int classes) {
        if (classes > MOST_CLASSES) {
            throw FailureException.input(
                    "TOO_MANY_CLASSES",
                    "the dataset has %,d classes; at most %,d are allowed; remove classes or merge some"
                            .formatted(classes, MOST_CLASSES));
        }
    }
}
