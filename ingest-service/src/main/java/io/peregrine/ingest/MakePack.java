package io.peregrine.ingest;

import io.peregrine.artifacts.RunSpecs;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.StageProgressed;
import io.peregrine.events.RunRef;
import io.peregrine.events.Stage;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.ingest.dataset.AllowedRoots;
import io.peregrine.ingest.dataset.Listing;
import io.peregrine.ingest.pack.PackMaker;
import io.peregrine.ingest.pack.PackMaker.DecodedPack;
import io.peregrine.ingest.postgres.CrashSuspects;
import io.peregrine.ingest.postgres.IngestTables;
import io.peregrine.work.jobs.Database;
import io.peregrine.work.jobs.Job;
import io.peregrine.work.jobs.JobContext;
import io.peregrine.work.jobs.JobHandler;
import io.peregrine.work.jobs.Transaction;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.jboss.logging.Logger;

/// Decodes 256 listed files into a pack, or reuses the pack of an earlier run. Publishes which images the pack
/// contains and which files were rejected.
@ApplicationScoped
class MakePack implements JobHandler {
    static final String KIND = "pack";

    private static final Logger LOG = Logger.getLogger(MakePack.class);

    private final Database database;
    private final ArtifactStore store;
    private final AllowedRoots roots;
    private final PackMaker maker;
    private final ListingCache listings;
    private final HashCache hashes;
    private final IngestMeters meters;

    MakePack(
            Database database,
            ArtifactStore store,
            AllowedRoots roots,
            PackMaker maker,
            ListingCache listings,
            HashCache hashes,
            IngestMeters meters) {
        this.database = database;
        this.store = store;
        this.roots = roots;
        this.maker = maker;
        this.listings = listings;
        this.hashes = hashes;
        this.meters = meters;
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void work(JobContext context) throws Exception {
        RunRef run = context.job().run();
        RunSpec spec = RunSpecs.open(store, run);
        Listing listing = listings.of(run);
        Listing.Range range = EventCodec.json().treeToValue(context.job().payload(), Listing.Range.class);
        String key = maker.decodeKey(listing, range, spec.image());
        Optional<DecodedPack> earlier = earlier(context, key);
        DecodedPack made = earlier.isPresent() ? earlier.get() : make(context, spec, listing, range);
        // Sealing needs the hashes. Computing them now saves reading the pixels again.
        hashes.of(made.pixels());
        PackEvents events = new PackEvents(run, listing, range, made);
        context.complete(tx -> {
            IngestTables.Progress progress = IngestTables.made(tx.sql(), run.id(), range, made);
            if (earlier.isEmpty() && made.isReusable()) {
                IngestTables.saveDecoded(tx.sql(), key, made);
            }
            events.publish(tx);
            reportProgress(run, progress, tx);
        });
        meters.packPublished(
                earlier.isPresent(), events.accepted(), made.pixels().bytes());
        made.refusals().forEach(refusal -> meters.refusedOne(refusal.reason()));
        LOG.debugf("pack made run=%s pack=%d reused=%b", run.id(), range.number(), earlier.isPresent());
    }

    private static void reportProgress(RunRef run, IngestTables.Progress progress, Transaction tx) {
        tx.publish(progressed(run, progress.rowsDone(), progress.rows()), "packs " + progress.packsMade());
        if (progress.packsMade() == progress.packs()) {
            tx.add(new Job.New(run, SealDataset.KIND, "", ""));
        }
    }

    private DecodedPack make(JobContext context, RunSpec spec, Listing listing, Listing.Range range) throws Exception {
        RunRef run = context.job().run();
        int before = database.jdbi().withHandle(sql -> IngestTables.rowsDone(sql, run.id()));
        AllowedRoots allowed = roots.of(run.id());
        PackMaker.Source source = new PackMaker.Source(allowed.resolve(spec.uri()), allowed);
        IntConsumer between = done -> {
            context.check();
            context.progress(() -> progressed(run, before + done, listing.rows().size()));
        };
        CrashSuspects suspects = CrashSuspects.of(database, context, range.number());
        return suspects.isLost()
                ? suspects.guard(
                        () -> maker.makeSerially(context, source, listing, range, spec.image(), between, suspects))
                : maker.make(context, source, listing, range, spec.image(), between);
    }

    private static StageProgressed progressed(RunRef run, long done, long of) {
        return new StageProgressed(run, Stage.INGEST, "decode", done, of, "images", Map.of());
    }

    /// The pack of an earlier run with the same key, if it is still in the store and intact.
    private Optional<DecodedPack> earlier(JobContext context, String key) {
        Optional<DecodedPack> made = decoded(key);
        // Reference first, then check: once referenced, an existing artifact cannot be pruned.
        made.ifPresent(pack -> context.reference(pack.pixels()));
        return made.filter(pack -> decoded(key).equals(made) && isWhole(pack.pixels()));
    }

    private Optional<DecodedPack> decoded(String key) {
        return database.jdbi().withHandle(sql -> IngestTables.decoded(sql, key));
    }

    private boolean isWhole(ArtifactRef pixels) {
        boolean whole = store.holds(pixels);
        if (!whole) {
            LOG.infof("Decoding a pack again: %s is missing from the store or damaged", pixels.uri());
        }
        return whole;
    }
}
