package io.peregrine.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.peregrine.events.EventCodec;
import io.peregrine.events.PipelineEvent.ImageRef;
import io.peregrine.events.PipelineEvent.ImageRejected;
import io.peregrine.events.PipelineEvent.ImagesIngested;
import io.peregrine.events.RunRef;
import io.peregrine.ingest.dataset.Listing;
import io.peregrine.ingest.pack.PackMaker.DecodedPack;
import io.peregrine.ingest.pack.PackMaker.Rejection;
import io.peregrine.work.jobs.Transaction;
import java.util.ArrayList;
import java.util.List;

/// The events of one pack. References to its images are split so that each event stays below 48 KiB. Each
/// rejected file has its own event. A decoded and a reused pack publish the same events.
final class PackEvents {
    private static final int REFS_BYTES = 48 * 1024;

    private final int range;
    private final List<ImagesIngested> ingested = new ArrayList<>();
    private final List<ImageRejected> rejected = new ArrayList<>();

    PackEvents(RunRef run, Listing listing, Listing.Range range, DecodedPack made) {
        this.range = range.number();
        Listing.Row first = listing.rows().get(range.from());
        String label = listing.classes().get(first.label());
        List<Rejection> refusals = new ArrayList<>(made.refusals());
        List<ImageRef> images = new ArrayList<>();
        long bytes = 0;
        int index = 0;
        for (int row = range.from(); row < range.to(); row++) {
            Listing.Row listed = listing.rows().get(row);
            String imageId = listing.imageId(row);
            if (!refusals.isEmpty() && refusals.getFirst().place() == row - range.from()) {
                Rejection refusal = refusals.removeFirst();
                rejected.add(new ImageRejected(
                        run,
                        imageId,
                        row,
                        label,
                        listed.split(),
                        listed.path(),
                        listed.sha256(),
                        refusal.reason().name(),
                        refusal.detail()));
                continue;
            }
            ImageRef image = new ImageRef(imageId, row, listed.path(), listed.sha256(), index++);
            int more = bytes(image) + 1;
            if (bytes + more > REFS_BYTES) {
                ingested.add(new ImagesIngested(run, label, first.split(), range.number(), made.pixels(), images));
                images.clear();
                bytes = 0;
            }
            images.add(image);
            bytes += more;
        }
        if (!images.isEmpty()) {
            ingested.add(new ImagesIngested(run, label, first.split(), range.number(), made.pixels(), images));
        }
    }

    int accepted() {
        return ingested.stream().mapToInt(event -> event.images().size()).sum();
    }

    void publish(Transaction tx) {
        for (int i = 0; i < ingested.size(); i++) {
            tx.publish(ingested.get(i), range + "/" + i);
        }
        rejected.forEach(event -> tx.publish(event, event.imageId()));
    }

    private static int bytes(ImageRef image) {
        try {
            return EventCodec.json().writeValueAsBytes(image).length;
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
