package io.peregrine.ingest;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.ingest.findings.FindingKind;
import io.peregrine.ingest.findings.Findings;
import io.peregrine.ingest.image.ImageRejectedException;
import jakarta.inject.Singleton;
import java.io.File;
import java.time.Duration;
import java.util.function.ToDoubleFunction;

/// The meters of the ingest service. All are registered at start, so that dashboards show zeros instead of gaps.
@Singleton
class IngestMeters {
    private final MeterRegistry registry;
    private final Timer decoding;
    private final Counter bytesRead;
    private final Counter bytesPacked;

    IngestMeters(MeterRegistry registry, ArtifactStore store) {
        this.registry = registry;
        this.decoding = Timer.builder("peregrine.decode")
                .description("Time to read, decode and resize one image, on one thread")
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofMillis(1))
                .maximumExpectedValue(Duration.ofSeconds(10))
                .register(registry);
        this.bytesRead = Counter.builder("peregrine.images.read")
                .description("Bytes of image files read for decoding")
                .baseUnit("bytes")
                .register(registry);
        this.bytesPacked = Counter.builder("peregrine.packs.written")
                .description("Bytes of pixel packs published")
                .baseUnit("bytes")
                .register(registry);
        disk("peregrine.store.disk.free", "Free bytes on the disk of the store", store, File::getUsableSpace);
        disk("peregrine.store.disk.size", "Size of the disk of the store", store, File::getTotalSpace);
        for (String result : new String[] {"decoded", "reused", "refused"}) {
            ingested(result);
        }
        for (ImageRejectedException.Reason reason : ImageRejectedException.Reason.values()) {
            refused(reason);
        }
        packs("decoded");
        packs("reused");
        for (FindingKind kind : FindingKind.values()) {
            findings(kind);
        }
    }

    /// If the store is a bucket, this is the disk of the process's local cache.
    private void disk(String name, String description, ArtifactStore store, ToDoubleFunction<File> bytes) {
        Gauge.builder(name, () -> bytes.applyAsDouble(store.disk().toFile()))
                .description(description)
                .baseUnit("bytes")
                .register(registry);
    }

    void decoded(long nanos, long bytes, ImageRejectedException.Reason refused) {
        decoding.record(Duration.ofNanos(nanos));
        bytesRead.increment(bytes);
    }

    /// Counts a published pack. A reused one was not decoded.
    void packPublished(boolean reused, int images, long bytes) {
        packs(reused ? "reused" : "decoded").increment();
        ingested(reused ? "reused" : "decoded").increment(images);
        bytesPacked.increment(reused ? 0 : bytes);
    }

    void refusedOne(ImageRejectedException.Reason reason) {
        ingested("refused").increment();
        refused(reason).increment();
    }

    void found(Findings findings) {
        findings.totals().forEach((kind, total) -> findings(kind).increment(total));
    }

    private Counter findings(FindingKind kind) {
        return Counter.builder("peregrine.findings")
                .description("Warnings about datasets, by kind")
                .tag("kind", kind.name())
                .register(registry);
    }

    private Counter ingested(String result) {
        return Counter.builder("peregrine.images.ingested")
                .description("Images by result")
                .tag("result", result)
                .register(registry);
    }

    private Counter refused(ImageRejectedException.Reason reason) {
        return Counter.builder("peregrine.images.refused")
                .description("Images refused, by reason")
                .tag("reason", reason.name())
                .register(registry);
    }

    private Counter packs(String result) {
        return Counter.builder("peregrine.packs")
                .description("Pixel packs, by whether they were decoded or reused")
                .tag("result", result)
                .register(registry);
    }
}
