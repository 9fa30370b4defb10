package io.peregrine.work;

import io.peregrine.events.CloudEvent;

/// Turns a new event into rows and jobs. Each service has one, for all topics that it consumes.
@FunctionalInterface
public interface EventHandler {
    void handle(CloudEvent event, Transaction tx);
}
