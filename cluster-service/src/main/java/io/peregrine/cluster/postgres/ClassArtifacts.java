package io.peregrine.cluster.postgres;

import io.peregrine.artifacts.ClassBalance;
import io.peregrine.artifacts.ClassResults;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.FailureException;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jboss.logging.Logger;

/// Reads artifacts with data about a run's classes. The most recently used ones are cached: they never change.
@ApplicationScoped
class ClassArtifacts {
    private static final Logger LOG = Logger.getLogger(ClassArtifacts.class);
    /// At 10,000 classes one artifact takes some megabytes.
    private static final int KEPT = 8;

    private final ArtifactStore store;
    private final Map<String, Object> kept = new LinkedHashMap<>(KEPT, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Object> eldest) {
            return size() > KEPT;
        }
    };

    ClassArtifacts(ArtifactStore store) {
        this.store = store;
    }

    /// @param ref null if it does not exist yet
    /// @return balancing results of each class, in label order; empty if the artifact is missing
    @SuppressWarnings("unchecked")
    Optional<List<ClassBalance>> balance(ArtifactRef ref) {
        return find(ref, ClassBalance::open).map(found -> (List<ClassBalance>) found);
    }

    /// @param ref null if it does not exist yet
    /// @return the classifier's results for each class; empty if the artifact is missing
    Optional<ClassResults> results(ArtifactRef ref) {
        return find(ref, ClassResults::open).map(ClassResults.class::cast);
    }

    private Optional<Object> find(ArtifactRef ref, BiFunction<ArtifactStore, ArtifactRef, Object> open) {
        if (ref == null) {
            return Optional.empty();
        }
        synchronized (kept) {
            Object known = kept.get(ref.uri());
            if (known != null) {
                return Optional.of(known);
            }
        }
        try {
            Object read = open.apply(store, ref);
            synchronized (kept) {
                kept.put(ref.uri(), read);
            }
            return Optional.of(read);
        } catch (FailureException missing) {
            LOG.warnf("Cannot read class data uri=%s: %s", ref.uri(), missing.getMessage());
            return Optional.empty();
        }
    }
}
