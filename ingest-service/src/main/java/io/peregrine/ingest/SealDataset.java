package io.peregrine.ingest;

import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.RunSpecs;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.PipelineEvent.DatasetSealed;
import io.peregrine.events.PipelineEvent.ManifestRef;
import io.peregrine.events.RunRef;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.ingest.dataset.Listing;
import io.peregrine.ingest.findings.Duplicates;
import io.peregrine.ingest.findings.Findings;
import io.peregrine.ingest.pack.PackMaker.DecodedPack;
import io.peregrine.ingest.pack.SealedDataset;
import io.peregrine.ingest.postgres.FindingTables;
import io.peregrine.ingest.postgres.IngestTables;
import io.peregrine.parallel.WorkerPool;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jboss.logging.Logger;

/// Runs after the last pack. Writes the manifest, stores the findings, and publishes `dataset.sealed`: from then
/// on the dataset does not change.
@ApplicationScoped
class SealDataset implements JobHandler {
    static final String KIND = "seal";

    private static final Logger LOG = Logger.getLogger(SealDataset.class);

    private final Database database;
    private final ArtifactStore store;
    private final ListingCache listings;
    private final HashCache hashes;
    private final WorkerPool workers;
    private final IngestMeters meters;

    SealDataset(
            Database database,
            ArtifactStore store,
            ListingCache listings,
            HashCache hashes,
            WorkerPool workers,
            IngestMeters meters) {
        this.database = database;
        this.store = store;
        this.listings = listings;
        this.hashes = hashes;
        this.workers = workers;
        this.meters = meters;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext context) throws IOException, InterruptedException {
        RunRef run = context.job().run();
        RunSpec spec = RunSpecs.open(store, run);
        List<DecodedPack> packs = database.jdbi().withHandle(sql -> IngestTables.packs(sql, run.id()));
        Listing listing = listings.of(run);
        SealedDataset seal = SealedDataset.of(listing, packs, spec.image().side());
        Manifest manifest = seal.manifest();
        ManifestRef ref = manifest.publish(context);
        int classes = manifest.classes().size();
        DatasetSealed sealed = new DatasetSealed(
                run, ref, classes, seal.images(), seal.testImages(), seal.refused(), seal.duplicatesAcrossSplits());
        Findings findings = findings(context, listing, manifest, packs);
        context.complete(tx -> {
            FindingTables.seal(tx.sql(), run.id(), findings);
            tx.publish(sealed, "");
        });
        meters.found(findings);
        LOG.infof(
                "dataset sealed run=%s images=%d refused=%d classes=%d packs=%d findings=%s",
                run.id(), seal.images(), seal.refused(), classes, packs.size(), findings.totals());
    }

    private Findings findings(JobContext context, Listing listing, Manifest manifest, List<DecodedPack> packs)
            throws InterruptedException {
        List<long[]> hashesOfPacks = new ArrayList<>();
        for (DecodedPack pack : packs) {
            context.check();
            hashesOfPacks.add(hashes.of(pack.pixels()));
        }
        return Duplicates.find(listing::imageId, manifest, hashesOfPacks, workers, done -> context.check())
                .and(listing.findings());
    }
}
