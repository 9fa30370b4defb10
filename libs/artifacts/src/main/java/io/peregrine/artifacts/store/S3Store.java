package io.peregrine.artifacts.store;

import io.peregrine.artifacts.store.ArtifactPublisher.Content;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import io.peregrine.events.FailureKind;
import io.peregrine.events.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/// An artifact store in a bucket, read through a cache folder of this process with a size limit.
///
/// Publishing is one conditional PUT. The bucket accepts it only if no object has that name (`If-None-Match: *`)
/// and if the bytes match their hash (`x-amz-checksum-sha256`). So there are no partial artifacts, and of two
/// writers of the same content one is rejected. The rejected writer checks whether the existing object is intact,
/// and replaces it if it is damaged. Fetched objects are hashed before they get their name in the cache folder.
public final class S3Store implements ArtifactStore {
    /// Maximum size of one PUT.
    private static final long PUT_BYTES = 5L << 30;

    private static final int ALREADY_THERE = 412;
    private static final int ANOTHER_IS_WRITING = 409;

    /// Distinguishes an object from another one of the same name.
    private record ObjectIdentity(long bytes, String eTag, Instant modified) {}

    private final S3Client client;
    private final String bucket;
    private final String prefix;
    private final FileStore kept;
    private final RecentlyOpened recent;
    private final LruCache<ObjectIdentity> checked = new LruCache<>(FileStore.REMEMBERED);
    private final Consumer<ArtifactRef> onDamage;

    /// @param place `s3://bucket` or `s3://bucket/prefix`
    /// @param endpoint URL of a server other than Amazon's; it is then addressed in path style
    ///     (`endpoint/bucket/…`)
    /// @param folder cache folder of this process only; created if missing
    /// @param bytes size limit of the cache folder. Files opened within the last minute are kept beyond it
    /// @throws IllegalArgumentException if the place is not an S3 URI
    public S3Store(URI place, Optional<URI> endpoint, String region, Path folder, long bytes) {
        this(place, endpoint, region, folder, bytes, damaged -> {});
    }

    /// @param onDamage called for each artifact that this process finds damaged, in the bucket or in the cache
    ///     folder
    public S3Store(
            URI place, Optional<URI> endpoint, String region, Path folder, long bytes, Consumer<ArtifactRef> onDamage) {
        if (!"s3".equals(place.getScheme()) || place.getAuthority() == null) {
            throw new IllegalArgumentException(
                    "The store '%s' is not s3://bucket or s3://bucket/prefix".formatted(place));
        }
        this.bucket = place.getAuthority();
        String path = place.getPath().replaceAll("^/+|/+$", "");
        this.prefix = path.isEmpty() ? "" : path + "/";
        this.onDamage = onDamage;
        this.kept = new FileStore(folder, onDamage);
        this.recent = new RecentlyOpened(kept, bytes, Duration.ofMinutes(1));
        S3ClientBuilder builder = S3Client.builder()
                .httpClientBuilder(UrlConnectionHttpClient.builder().socketTimeout(Duration.ofMinutes(1)))
                .region(Region.of(region))
                .forcePathStyle(endpoint.isPresent())
                // Every PUT carries the store's own checksum, and fetched bytes are hashed here.
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED);
        endpoint.ifPresent(builder::endpointOverride);
        this.client = builder.build();
    }

    @Override
    public ArtifactRef publish(String kind, String extension, Content content, ReferenceRecorder references) {
        ArtifactRef ref = keep(kind, extension, content, references);
        if (ref.bytes() > PUT_BYTES) {
            throw FailureException.internal(
                    "ARTIFACT_TOO_LARGE",
                    "%s has %,d bytes; the maximum for a bucket is %,d".formatted(ref.uri(), ref.bytes(), PUT_BYTES),
                    null);
        }
        try {
            put(ref, true);
        } catch (S3Exception refused) {
            if (refused.statusCode() == ALREADY_THERE) {
                replaceIfDamaged(ref);
            } else {
                // The other write may still fail. In that case the job is retried and writes the object itself.
                throw unreachable(
                        refused.statusCode() == ANOTHER_IS_WRITING ? "is being written" : "cannot be written",
                        ref,
                        refused);
            }
        } catch (SdkException unavailable) {
            throw unreachable("cannot be written", ref, unavailable);
        }
        recent.opened(ref);
        return ref;
    }

    /// If the disk is full, evicts cached files and retries.
    private ArtifactRef keep(String kind, String extension, Content content, ReferenceRecorder references) {
        try {
            return kept.publish(kind, extension, content, references);
        } catch (FailureException failure) {
            if (failure.code().equals(FullDisk.CODE) && recent.makeRoom()) {
                return kept.publish(kind, extension, content, references);
            }
            throw failure;
        }
    }

    private void put(ArtifactRef ref, boolean onlyIfMissing) {
        byte[] sha256 = HexFormat.of().parseHex(ref.sha256());
        client.putObject(
                put -> {
                    put.bucket(bucket)
                            .key(key(ref))
                            .checksumSHA256(Base64.getEncoder().encodeToString(sha256));
                    if (onlyIfMissing) {
                        put.ifNoneMatch("*");
                    }
                },
                RequestBody.fromFile(kept.path(ref)));
    }

    private void replaceIfDamaged(ArtifactRef ref) {
        try {
            check(ref);
        } catch (FailureException failure) {
            if (failure.kind() == FailureKind.RESOURCE) {
                throw failure;
            }
            try {
                put(ref, false);
            } catch (SdkException unavailable) {
                throw unreachable("cannot be written", ref, unavailable);
            }
        }
    }

    /// Asks the bucket, and reads the object unless this process has verified the same object before.
    @Override
    public boolean holds(ArtifactRef ref) {
        try {
            HeadObjectResponse head =
                    client.headObject(ask -> ask.bucket(bucket).key(key(ref)));
            if (!new ObjectIdentity(head.contentLength(), head.eTag(), head.lastModified())
                    .equals(checked.get(ref.uri()))) {
                check(ref);
            }
            return true;
        } catch (NoSuchKeyException missing) {
            return false;
        } catch (SdkException unavailable) {
            throw unreachable("cannot be read", ref, unavailable);
        } catch (FailureException failure) {
            if (failure.kind() == FailureKind.RESOURCE) {
                throw failure;
            }
            return false;
        }
    }

    @Override
    public Path open(ArtifactRef ref) {
        Path file = Files.isRegularFile(kept.path(ref)) ? ofFolder(ref) : fetch(ref);
        recent.opened(ref);
        return file;
    }

    /// The folder is only a cache: a damaged file is fetched again.
    private Path ofFolder(ArtifactRef ref) {
        return kept.holds(ref) ? kept.path(ref) : fetch(ref);
    }

    private Path fetch(ArtifactRef ref) {
        String name = ref.uri().substring(SCHEME.length());
        String kind = name.substring(0, name.indexOf('/'));
        String extension = name.substring(name.lastIndexOf('.') + 1);
        ArtifactRef found;
        try {
            found = keep(kind, extension, aside -> download(ref, aside), ReferenceRecorder.NONE);
        } catch (NoSuchKeyException missing) {
            throw missing(ref, missing);
        } catch (SdkException unavailable) {
            throw unreachable("cannot be read", ref, unavailable);
        }
        if (!found.equals(ref)) {
            forget(found.uri());
            onDamage.accept(ref);
            throw corrupt(ref, found.bytes(), found.sha256());
        }
        return kept.path(ref);
    }

    private void download(ArtifactRef ref, Path aside) throws IOException {
        try {
            client.getObject(get -> get.bucket(bucket).key(key(ref)), ResponseTransformer.toFile(aside));
        } catch (SdkException failed) {
            if (FullDisk.isCauseOf(failed)) {
                throw new FullDisk.WriteException(ref.bytes(), failed);
            }
            throw failed;
        }
    }

    @Override
    public void check(ArtifactRef ref) {
        try (ResponseInputStream<GetObjectResponse> object =
                client.getObject(get -> get.bucket(bucket).key(key(ref)))) {
            long bytes = object.response().contentLength();
            String sha256 = Sha256.hex(object);
            if (bytes != ref.bytes() || !sha256.equals(ref.sha256())) {
                checked.remove(ref.uri());
                onDamage.accept(ref);
                throw corrupt(ref, bytes, sha256);
            }
            GetObjectResponse found = object.response();
            checked.put(ref.uri(), new ObjectIdentity(bytes, found.eTag(), found.lastModified()));
        } catch (NoSuchKeyException missing) {
            throw missing(ref, missing);
        } catch (SdkException | IOException unavailable) {
            throw unreachable("cannot be read", ref.uri(), unavailable);
        }
    }

    @Override
    public List<Stored> list(String kind) {
        try {
            return client
                    .listObjectsV2Paginator(list -> list.bucket(bucket).prefix(prefix + kind + "/"))
                    .contents()
                    .stream()
                    .map(object -> new Stored(
                            SCHEME + object.key().substring(prefix.length()), object.size(), object.lastModified()))
                    .toList();
        } catch (SdkException unavailable) {
            throw unreachable("cannot be listed", kind, unavailable);
        }
    }

    @Override
    public void delete(Collection<String> uris) {
        for (String uri : uris) {
            try {
                client.deleteObject(delete -> delete.bucket(bucket).key(key(uri)));
            } catch (SdkException unavailable) {
                throw unreachable("cannot be deleted", uri, unavailable);
            }
            checked.remove(uri);
            forget(uri);
        }
    }

    private void forget(String uri) {
        try {
            kept.forget(uri);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String key(ArtifactRef ref) {
        return key(ref.uri());
    }

    private String key(String uri) {
        return prefix + uri.substring(SCHEME.length());
    }

    private FailureException missing(ArtifactRef ref, NoSuchKeyException why) {
        return FailureException.internal(
                "ARTIFACT_MISSING",
                "%s is not in bucket %s. If it was not pruned, publish the dataset again to create it again"
                        .formatted(ref.uri(), bucket),
                why);
    }

    private FailureException corrupt(ArtifactRef ref, long bytes, String sha256) {
        return FailureException.internal(
                "ARTIFACT_CORRUPT",
                "%s has %d bytes in bucket %s that hash to %s. Publish the dataset again to replace the object"
                        .formatted(ref.uri(), bytes, bucket, sha256),
                null);
    }

    private FailureException unreachable(String how, ArtifactRef ref, SdkException why) {
        return unreachable(how, ref.uri(), why);
    }

    private FailureException unreachable(String how, String what, Exception why) {
        return FailureException.resource(
                "STORE_UNREACHABLE", "%s %s in bucket %s: %s".formatted(what, how, bucket, why.getMessage()), why);
    }

    /// Checks only the cache folder. Only the server knows whether the bucket can be written to.
    @Override
    public void mustBeWritable() {
        kept.mustBeWritable();
    }

    @Override
    public Path disk() {
        return kept.disk();
    }

    @Override
    public void close() {
        client.close();
    }
}
