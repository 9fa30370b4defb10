package io.peregrine.simulator;

import io.peregrine.artifacts.store.ArtifactPublisher.Content;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.artifacts.store.ReferenceRecorder;
import io.peregrine.events.ArtifactRef;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/// A store with [Bug#PUBLISH_BEFORE_REFERENCE]: it records a reference only after the file has its name.
final class HastyStore {
    private HastyStore() {}

    static ArtifactStore of(ArtifactStore store) {
        return (ArtifactStore) Proxy.newProxyInstance(
                HastyStore.class.getClassLoader(), new Class<?>[] {ArtifactStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("publish")) {
                        ArtifactRef ref = store.unreferenced()
                                .publish((String) arguments[0], (String) arguments[1], (Content) arguments[2]);
                        ((ReferenceRecorder) arguments[3]).record(ref);
                        return ref;
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
