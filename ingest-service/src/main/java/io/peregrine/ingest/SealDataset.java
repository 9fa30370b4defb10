package io.peregrine.ingest;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.Manifest;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.RunRef;
import io.peregrine.events.RunSpec;
import io.peregrine.ingest.pack.PackMaker.Made;
import io.peregrine.ingest.pack.Seal;
import io.peregrine.ingest.postgres.IngestTables;
import io.peregrine.work.Database;
import io.peregrine.work.JobContext;
import io.peregrine.work.JobHandler;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.jboss.logging.Logger;

/// After the last pack: writes the manifest and says that nothing of the dataset changes any more.
@ApplicationScoped
class SealDataset implements JobHandler {
    static final String KIND = "seal";

    private static final Logger LOG = Logger.getLogger(SealDataset.class);

    private final Database database;
    private final ArtifactStore store;
    private final Listings listings;

    SealDataset(Database database, ArtifactStore store, Listings listings) {
        this.database = database;
        this.store = store;
        this.listings = listings;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext context) throws IOException {
        RunRef run = context.job().run();
        RunSpec spec = RunSpec.read(Files.readAllBytes(store.open(run.spec())));
        List<Made> packs = database.jdbi().withHandle(sql -> IngestTables.packs(sql, run.id()));
        Seal seal = Seal.of(listings.of(run), packs, spec.image().side());
        Manifest manifest = seal.manifest();
        ManifestRef ref = manifest.publish(store);
        DatasetSealed sealed = new DatasetSealed(
                run, ref, seal.classes(), seal.pictures(), seal.refused(), seal.duplicatesAcrossSplits());
        context.done(tx -> tx.say(sealed, ""));
        LOG.infof(
                "dataset sealed run=%s images=%d refused=%d classes=%d packs=%d",
                run.id(), seal.pictures(), seal.refused(), seal.classes().size(), packs.size());
    }
}
