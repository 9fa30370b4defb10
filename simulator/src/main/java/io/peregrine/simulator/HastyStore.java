package io.peregrine.simulator;

import io.peregrine.artifacts.ArtifactStore;
import io.peregrine.artifacts.ArtifactStore.Content;
import io.peregrine.events.ArtifactRef;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.function.Consumer;

/// A store with [Bug#PUBLISH_BEFORE_REFERENCE]: it reports an artifact only after the file has its name.
final class HastyStore {
    private HastyStore() {}

    static ArtifactStore of(ArtifactStore store) {
        return (ArtifactStore) Proxy.newProxyInstance(
                HastyStore.class.getClassLoader(), new Class<?>[] {ArtifactStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("publish")
                            && arguments[arguments.length - 1] instanceof Consumer<?> c) {
                        ArtifactRef ref =
                                store.publish((String) arguments[0], (String) arguments[1], (Content) arguments[2]);
                        @SuppressWarnings("unchecked")
                        Consumer<ArtifactRef> before = (Consumer<ArtifactRef>) c;
                        before.accept(ref);
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
